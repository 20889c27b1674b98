"""What an action is told and what it answers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from leads.models import Lead, Touchpoint, Whitepaper


@dataclass(frozen=True, slots=True)
class Utm:
    """The campaign parameters of a link."""

    source: str = ""
    medium: str = ""
    campaign: str = ""
    term: str = ""
    content: str = ""

    def __bool__(self) -> bool:
        return bool(self.source or self.medium or self.campaign or self.term or self.content)


NO_UTM = Utm()


@dataclass(frozen=True, slots=True)
class Capture:
    """One person turning to us once. Texts come clean and short enough: whoever read them answers for that."""

    email: str
    kind: Touchpoint.Kind
    key: str  # tells this touchpoint from the lead's others: the same key again adds nothing
    captured_at: datetime
    name: str = ""
    name_is_guess: bool = False
    phone: str = ""
    company: str = ""
    website: str = ""
    job_title: str = ""
    language: str = ""
    message: str = ""
    whitepaper: Whitepaper | None = None
    marketing_consent: bool = False  # ticked: counts once it is confirmed by e-mail
    consent_text_version: str = ""
    source: str = ""  # where the consent was given
    utm: Utm = NO_UTM
    first_utm: Utm = NO_UTM
    referrer: str = ""
    expects_answer: bool = False  # the person sits there and waits for what they asked for


@dataclass(frozen=True, slots=True)
class CaptureResult:
    leads: Sequence[Lead]  # one per capture, in the order of the captures
    created: int  # leads that are new
    touchpoint_ids: Sequence[int]  # the touchpoints that are new

    @property
    def merged(self) -> int:
        """Captures of people whom we knew."""
        return len(self.leads) - self.created

    @property
    def known(self) -> int:
        """Those of them that we had already, and that changed nothing."""
        return len(self.leads) - len(self.touchpoint_ids)


Details = Mapping[str, str]
