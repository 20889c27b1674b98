"""What an operator writes to all who have a seat, or had one."""

from dataclasses import dataclass

from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from integrations.errors import Obsolete
from webinars.actions.messages import TOLD
from webinars.models import Message, Registration
from webinars.models.registration import SEATED

from .contexts import Context, Link, Paragraphs, told
from .webinars import JOIN, OWN, SAMPLE, AboutRegistration, WebinarContext


@dataclass(frozen=True, kw_only=True)
class WebinarMessageContext(WebinarContext):
    samples = {
        "en": {
            **SAMPLE["en"],
            **JOIN,
            **OWN,
            "subject_line": "What to bring along",
            "message": Paragraphs("Please have last year's bill at hand.\n\nWe will calculate with it."),
        },
        "de": {
            **SAMPLE["de"],
            "subject_line": "Was Sie bereithalten sollten",
            "message": Paragraphs("Bitte halten Sie die letzte Jahresrechnung bereit.\n\nWir rechnen damit."),
        },
    }

    join_url: Link | None = told(
        _("Where the webinar takes place; empty as long as nobody knows"), button=_("Join the webinar"), optional=True
    )
    manage_url: Link | None = told(
        _("Where the registration can be changed or cancelled; empty once the webinar took place"),
        button=_("Change or cancel"),
        optional=True,
    )
    subject_line: str = told(_("The subject that the operator wrote"))
    message: Paragraphs = told(_("What the operator wrote"))


class WebinarMessage(AboutRegistration):
    """The occasion is the message's id; a preview has none, and shows the sample's words."""

    name = "webinar_message"
    label = _("Message to participants")
    purpose = _("When an operator writes to all participants of a webinar.")
    context_class = WebinarMessageContext
    statuses = SEATED
    session_statuses = TOLD  # also of one that took place: a recording is to be had, for instance

    @classmethod
    def context(cls, subject: Registration, occasion: str) -> Context:
        line, text = cls.words(occasion.partition("|")[0])
        facts = {**cls.values(subject), **cls.way_in(subject)}
        return WebinarMessageContext(**facts, subject_line=line, message=Paragraphs(text))

    @classmethod
    def words(cls, message: str) -> tuple[str, str]:
        language = (get_language() or "")[:2]
        if not message:
            sample = WebinarMessageContext.sample(language)
            return sample.subject_line, sample.message
        if found := Message.objects.filter(pk=message).first():
            return found.read_in(language)
        raise Obsolete(gettext("What this letter was about is gone."))
