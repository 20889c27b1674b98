"""Making a letter: whom it goes to, what is true now, in whose words."""

from collections.abc import Callable
from typing import Any

from django.conf import settings as django_settings
from django.db.models import Model
from django.utils.translation import gettext as _

from integrations import outbox, own_page, registry
from integrations.email.settings import EmailSettings
from integrations.errors import Obsolete, Rejected
from integrations.models import Connection, LetterOverride
from leads import links
from leads.text import single_line

from .base import Letter, Recipient, as_read_by
from .contexts import Context
from .filling import by_words
from .message import Message
from .rendering import Written, by_templates
from .values import texts

LONGEST = 1_000_000  # characters: what is longer is a mistake, and no server would take it
SAMPLE = Recipient(address="ada@example.com")

Draft = tuple[str, str]


def compose(
    letter: type[Letter[Any]],
    subject: Model,
    *,
    occasion: str,
    key: str,
    settings: EmailSettings,
    language: str = "",
    draft: Draft | None = None,
    look_up: Callable[[type[Letter[Any]], str], Draft | None] | None = None,
    current: Callable[[Model], Model] | None = None,
) -> Message:
    """The letter about `subject` as it is to be sent now; `key` is its promise's.

    `language` instead of the reader's, `draft` (subject, body) instead of the words that are in use; `look_up` finds
    these instead of `in_use`, `current` the subject as it is now instead of `letter.current`. Raises Obsolete when
    nobody wants it any more, Rejected when it cannot be written; what a template raises passes.
    """
    subject = (current or letter.current)(subject)
    recipient = letter.recipient(subject, occasion)
    if letter.marketing and not (recipient.lead and recipient.lead.marketing_consent):
        raise Obsolete(_("There is no confirmed consent to news by e-mail."))
    with as_read_by(recipient, language) as read_in:
        words = draft or (look_up or in_use)(letter, read_in)
        told = written(letter, letter.context(subject, occasion), words)
        layout = in_layout(letter, recipient, told, read_in, settings)
        enclosures = letter.enclosures(subject, settings)
        return Message(recipient, key=key, settings=settings, layout=layout, enclosures=enclosures)


def preview(
    letter: type[Letter[Any]],
    subject: Model | None,
    *,
    settings: EmailSettings,
    occasion: str = "",
    language: str = "",
    draft: Draft | None = None,
) -> Message:
    """What `compose` gives for `subject` and the key of its own promise; without one, the letter with sample values."""
    if subject is not None:
        key = own_key(letter, subject, occasion)
        return compose(letter, subject, occasion=occasion, key=key, settings=settings, language=language, draft=draft)
    with as_read_by(SAMPLE, language) as read_in:
        words = draft or in_use(letter, read_in)
        told = written(letter, letter.context_class.sample(read_in), words)
        layout = in_layout(letter, SAMPLE, told, read_in, settings)
        return Message(SAMPLE, key=f"sample:{letter.name}", settings=settings, layout=layout)


def own_key(letter: type[Letter[Any]], subject: Model, occasion: str) -> str:
    """Of the promise of this letter about `subject`, whether it was made or not."""
    connection = Connection.objects.get(integration__slug="email", owner="")
    return outbox.key_of(registry.operation("email", letter.name), connection, subject, occasion)


def in_use(letter: type[Letter[Any]], language: str) -> Draft | None:
    """Operators' own words; None where the shipped ones are in use."""
    rows = LetterOverride.objects.order_by().filter(letter=letter.name, language=language)
    return next(iter(rows.values_list("subject", "body")), None)  # one at most


def written(letter: type[Letter[Any]], context: Context, words: Draft | None) -> Written:
    """Raises Rejected where a value is missing, and for a letter that says nothing or too much."""
    values = texts(context)
    found = by_words(letter, words, values) if words else by_templates(letter.name, values)
    if not all(map(str.strip, found)):
        raise Rejected(_("The letter would be empty."))
    if max(map(len, found)) > LONGEST:
        raise Rejected(_("The letter is too long."))
    return found


def in_layout(
    letter: type[Letter[Any]], recipient: Recipient, words: Written, language: str, settings: EmailSettings
) -> dict[str, str]:
    """The words and what stands around them."""
    return {
        **words._asdict(),
        "logo_url": settings.logo_url,
        "preheader": preheader(words.body),
        "language": language,
        "company_name": django_settings.COMPANY_NAME,
        "imprint_url": django_settings.IMPRINT_URL,
        "privacy_url": django_settings.PRIVACY_URL,
        "own_page_url": own_page.link(recipient.lead) if recipient.lead else "",
        "unsubscribe_url": links.unsubscribe(recipient.lead) if letter.marketing and recipient.lead else "",
    }


def preheader(body: str) -> str:
    """What inboxes show beside the subject: the first paragraph that says something."""
    paragraphs = body.split("\n\n")
    return single_line(paragraphs[1] if len(paragraphs) > 1 else body)[:150]
