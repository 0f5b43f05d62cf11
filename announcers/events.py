"""Which of correlate's decisions are told outside, and as what: pure, a decision at a time.

Everything that a template may name is here, as text. What is told stands on the verdict alone, so that a repetition is
the same to the byte.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from kasugai.adapters.links import Order
from kasugai.core.telling.narrate import narrate_verdict
from kasugai.core.telling.progress import LEFT_ALONE
from kasugai.core.telling.status import BY_ITSELF, ORDERED
from kasugai.core.words.identity import derive
from kasugai.core.words.signals import Instruction, Limit
from kasugai.core.words.timing import Instant
from kasugai.core.words.verdicts import Reason, Verb, Verdict
from kasugai.schemas.meanings import meaning


class What(StrEnum):
    """What has become of the matter."""

    OPENED = "opened"
    GOES_ON = "goes-on"
    HELD = "held"
    LOOK = "look"
    """A person should look."""
    RECOVERED = "recovered"
    FAILED = "failed"
    WITHDRAWN = "withdrawn"

    @property
    def is_over(self) -> bool:
        """Whether nobody has to do anything about it any more: what has failed is not over."""
        return self in (What.RECOVERED, What.WITHDRAWN)


class Severity(StrEnum):
    """How much it wants of whoever reads it, in PagerDuty's words."""

    CRITICAL = "critical"
    """Nothing goes on without a person."""
    ERROR = "error"
    """Guests are down, and come back by themselves."""
    WARNING = "warning"
    """As somebody ordered it, or it is looked at again by itself."""
    INFO = "info"


RECOVERED = (Reason.RECOVERED, Reason.SERVICE_ENABLED_BY_OTHERS)
WITHDRAWN = LEFT_ALONE | {Reason.STOPPED}
BOOKKEEPING = frozenset({Reason.DESTINATIONS_CHANGED, Reason.CHANGED, Reason.NO_FACT})
"""Why an incident is published again without anything new for people."""
STORMS = (Reason.STORM, Reason.APPROVAL_NEEDED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One thing that is told."""

    verdict: Verdict
    what: What
    severity: Severity

    @property
    def id(self) -> str:
        """The verdict's: a repetition has the same."""
        return str(self.verdict.verdict_id)

    @property
    def key(self) -> str:
        """The matter's: the incident's id; of what is held before there is an incident one that its subject gives."""
        incident = self.verdict.incident
        return str(incident) if incident is not None else self.subject_key

    @property
    def subject_key(self) -> str:
        """What the matter goes by before it is an incident."""
        return str(derive("announced", self.verdict.segment, self.verdict.subject.name))

    def orders(self, until: Instant) -> dict[str, Order]:
        """Return what may be ordered by a link below the message, by the word that a template has for it."""
        found: dict[str, Order] = {}
        if self.what in (What.OPENED, What.GOES_ON):
            found["hold"] = self._order(Instruction.HOLD, None, until)
        if self.what is What.HELD and self.verdict.reason is Reason.HELD_BY_COMMAND:
            found["approve"] = self._order(Instruction.APPROVE, Limit.HOLD, until)
        if self.what is What.HELD and self.verdict.reason in STORMS and self.verdict.subject.is_host:
            found["approve"] = self._order(Instruction.APPROVE, Limit.STORM, until)
        return found

    def _order(self, order: Instruction, limit: Limit | None, until: Instant) -> Order:
        return Order(
            order=order,
            limit=limit,
            segment=self.verdict.segment,
            subject=self.verdict.subject,
            incident=self.verdict.incident,
            verdict=self.verdict.verdict_id,
            until=until,
        )


def event_of(verdict: Verdict) -> Event | None:
    """Return what is told of a verdict; None for what is nobody's business outside."""
    what = _what(verdict)
    return None if what is None else Event(verdict=verdict, what=what, severity=_severity(verdict, what))


def _what(verdict: Verdict) -> What | None:
    match verdict.verb:
        case Verb.OPEN:
            return What.OPENED
        case Verb.REOPEN | Verb.RETRY:
            return None if verdict.reason in BOOKKEEPING else What.GOES_ON
        case Verb.HOLD:
            return What.HELD
        case Verb.ALERT:
            return What.LOOK
        case Verb.WITHDRAW:
            return What.WITHDRAWN
        case Verb.CLOSE:
            return _end(verdict.reason)
        case _:
            return None


def _end(reason: Reason) -> What:
    """An end of which nobody knows that it is a good one is told as a failure: a person looks."""
    if reason in RECOVERED:
        return What.RECOVERED
    return What.WITHDRAWN if reason in WITHDRAWN else What.FAILED


def _severity(verdict: Verdict, what: What) -> Severity:
    match what:
        case What.FAILED | What.LOOK:
            return Severity.CRITICAL
        case What.HELD:
            waits = verdict.reason not in BY_ITSELF | ORDERED
            return Severity.CRITICAL if waits else Severity.WARNING
        case What.OPENED | What.GOES_ON:
            return Severity.ERROR
        case _:
            return Severity.INFO


def values_of(event: Event, segments: Mapping[str, str]) -> dict[str, str]:
    """Return what a template may name of an event; `segments`: their names by id."""
    verdict = event.verdict
    segment = segments.get(verdict.segment, verdict.segment)
    return {
        "id": event.id,
        "incident": str(verdict.incident or ""),
        "what": event.what,
        "action": "resolve" if event.what.is_over else "trigger",
        "severity": event.severity,
        "summary": f"{verdict.subject.title} in {segment}: {event.what} ({verdict.reason})",
        "sentence": narrate_verdict(verdict),
        "reason": str(verdict.reason),
        "meaning": meaning(verdict.reason),
        "detail": verdict.detail,
        "subject": verdict.subject.name,
        "kind": str(verdict.subject.kind),
        "hostname": verdict.subject.host,
        "segment": segment,
        "segment_id": verdict.segment,
        "at": rfc3339(verdict.at),
        "at_ms": str(int(verdict.at)),
        "tomorrow": rfc3339(verdict.at + 86_400_000),
    }


VALUES = frozenset(
    {
        *(
            "id",
            "incident",
            "what",
            "action",
            "severity",
            "summary",
            "sentence",
            "reason",
            "meaning",
            "detail",
        ),
        *("subject", "kind", "hostname", "segment", "segment_id", "at", "at_ms", "tomorrow"),
        *("key", "thread", "hold", "approve", "ends_at"),
    }
)
"""All that a template may name, besides its receiver's own secrets: `key` is the matter's (a pager's dedup key),
`thread` what the receiver called the matter's first message, `hold` and `approve` links, `ends_at` when the matter
ended (or the next day, for a receiver that forgets what is not said again)."""


def rfc3339(at: int) -> str:
    """Return a time in milliseconds as RFC 3339 says it."""
    return datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
