"""A letter as a message: its headers, its two parts, and the bytes that they become."""

from collections.abc import Iterable, Mapping
from email.utils import format_datetime
from hashlib import sha256

from django.core.mail import EmailMultiAlternatives
from django.core.mail.message import SafeMIMEMultipart, utf8_charset_qp
from django.utils import timezone
from django.utils.crypto import salted_hmac
from templated_mail.mail import BaseEmailMessage

from integrations.email import addresses
from integrations.email.settings import EmailSettings

from . import rendering
from .base import Enclosure, Recipient


class Message(BaseEmailMessage):  # type: ignore[misc]  # the library has no types
    """Rendered when it is made, in the language that is active then.

    The library renders blocks of one template, HTML-escaped also where no HTML is, finds none in a template that
    extends another, and adds a second HTML part when it renders again. Here each part has a template of its own.
    """

    # Seven bits: no server on the way has a reason to write it anew, which would break the firm's signature (DKIM).
    encoding = utf8_charset_qp

    def __init__(
        self,
        recipient: Recipient,
        *,
        key: str,
        settings: EmailSettings,
        layout: Mapping[str, str],
        enclosures: Iterable[Enclosure] = (),
    ) -> None:
        super().__init__(
            context=dict(layout),
            template_name="email/layout",
            from_email=addresses.header(settings.from_name, settings.from_email),
            to=[recipient.address],
            reply_to=[addresses.header("", settings.reply_to)] if settings.reply_to else [],
            headers={
                "To": addresses.header(recipient.name, recipient.address),
                "Date": format_datetime(timezone.now()),
                "Message-ID": message_id(key, settings.from_email),
                "Auto-Submitted": "auto-generated",
                **(one_click(layout["unsubscribe_url"]) if layout["unsubscribe_url"] else {}),
            },
        )
        self.boundary = salted_hmac("integrations.email.boundary", key).hexdigest()[:32]
        self.render()
        for each in enclosures:
            self.enclose(each)

    def render(self) -> None:
        context = self.get_context_data()
        self.subject = context["subject"]
        self.body = rendering.plain(f"{self.template_name}.txt", context).strip() + "\n"
        self.html = rendering.page(f"{self.template_name}.html", context)
        self.alternatives.clear()
        self._attach_body()

    def enclose(self, enclosure: Enclosure) -> None:
        if enclosure.name:
            self.attach(enclosure.name, enclosure.content, enclosure.kind)
        else:
            self.attach_alternative(enclosure.content, enclosure.kind)

    def send(self, fail_silently: bool = False) -> int:
        """As it is: the library's own would render again, and overwrite whom it is from and answers go to."""
        return EmailMultiAlternatives.send(self, fail_silently=fail_silently)

    def message(self) -> SafeMIMEMultipart:
        """The same bytes every time: parts are divided by what cannot be guessed, but stays."""
        made: SafeMIMEMultipart = super().message()
        for number, part in enumerate(part for part in made.walk() if part.is_multipart()):
            part.set_boundary(f"=_{self.boundary}_{number}")
        to = self.extra_headers["To"]
        if not to.isascii():  # Django would encode what stands before the @, which makes another address of it
            made.replace_header("To", to.encode().decode("ascii", "surrogateescape"))
        return made


def message_id(key: str, from_email: str) -> str:
    domain = addresses.ascii_domain(from_email.rpartition("@")[2])
    return f"<{sha256(key.encode()).hexdigest()[:32]}@{domain}>"


def one_click(url: str) -> dict[str, str]:
    """What the button for unsubscribing in mail programs goes by (RFC 8058)."""
    return {"List-Unsubscribe": f"<{url}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
