"""Making a letter of an object: whom it goes to, what is true now, in which words."""

from typing import Any, NamedTuple

from django.conf import settings as django_settings
from django.core.mail import EmailMultiAlternatives
from django.db.models import Model
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from integrations.email.settings import EmailSettings
from integrations.errors import Obsolete, Rejected
from leads.text import single_line

from . import rendering
from .base import Letter, as_read_by
from .message import Message
from .values import texts

LONGEST = 1_000_000  # characters: whatever is larger is a mistake, and servers would refuse it much later


class Written(NamedTuple):
    """A letter's own words: `subject` and `body` plain, `content` the same as HTML."""

    subject: str
    body: str
    content: SafeString


def compose(
    letter: type[Letter[Any]],
    subject: Model,
    *,
    occasion: str,
    key: str,
    settings: EmailSettings,
    language: str = "",
) -> EmailMultiAlternatives:
    """The letter about `subject`, as it is to be sent now; `key` is its promise's, `language` instead of the reader's.

    Raises Obsolete when nobody wants it any more, Rejected when it cannot be written; what a template raises passes.
    """
    recipient = letter.recipient(subject, occasion)
    if letter.marketing and not (recipient.lead and recipient.lead.marketing_consent):
        raise Obsolete(_("There is no confirmed consent to news by e-mail."))
    with as_read_by(recipient, language) as read_in:
        written = shipped(letter, texts(letter.context(subject, occasion)))
        return Message(recipient, key=key, settings=settings, layout=layout(written, read_in))


def shipped(letter: type[Letter[Any]], values: dict[str, str]) -> Written:
    folder = f"email/{letter.name}"
    return Written(
        subject=single_line(rendering.plain(f"{folder}/subject.txt", values)),
        body=rendering.plain(f"{folder}/body.txt", values).strip(),
        content=rendering.markup(f"{folder}/body.html", values),
    )


def layout(written: Written, language: str) -> dict[str, str]:
    """What stands around the words. Raises Rejected for a letter that is too long."""
    if max(len(written.body), len(written.content)) > LONGEST:
        raise Rejected(_("The letter is too long."))
    return {
        **written._asdict(),
        "preheader": preheader(written.body),
        "language": language,
        "company_name": django_settings.COMPANY_NAME,
        "imprint_url": django_settings.IMPRINT_URL,
        "privacy_url": django_settings.PRIVACY_URL,
    }


def preheader(body: str) -> str:
    """What inboxes show beside the subject: the first paragraph that says something."""
    paragraphs = body.split("\n\n")
    return single_line(paragraphs[1] if len(paragraphs) > 1 else body)[:150]
