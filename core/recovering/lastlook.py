"""The last look: may this decision still be acted upon, given what the world shows right now?

Ages, not times: only two values of one clock are ever compared (architecture.md 5). What it cannot tell, it waits for.
"""

from kasugai.core.recovering.look import PowerState, ServiceView
from kasugai.core.recovering.moves import Blocked, Pending
from kasugai.core.recovering.situation import Situation
from kasugai.core.recovering.steps.force_down import mark_of
from kasugai.core.words.timing import Millis, between
from kasugai.core.words.verdicts import Reason


def decision_is_stale(s: Situation) -> bool:
    """Whether the decision is too old to begin anything by it."""
    return between(s.order.decided_at, s.broker_now) > s.timing.decision_ttl


def last_look(s: Situation) -> Reason | Pending | None:
    """Whether the world contradicts the decision. The age of Nova's record counts until our own force-down has moved
    it; from then on its standing still does."""
    mark = mark_of(s.entry, s.order.host)
    unmoved = bool(mark) and s.look.service is not None and s.look.service.updated_at == mark
    stale = Reason.DECISION_STALE if not s.has_begun and decision_is_stale(s) else None
    return stale or (None if unmoved else source_age(s))


def source_age(s: Situation) -> Reason | Pending | None:
    """While our own force-down has not moved Nova's record, its age says whether the host still reports."""
    if s.look.service is None:
        return None
    if s.has_device and s.power_is_off():
        return None
    needed = _needed_age(s)
    if s.look.service.age * 1000 >= needed:
        return None
    if not s.look.service.age_is_bound:
        return Reason.NOVA_FRESH
    return _unchanged(s, s.look.service)


def _needed_age(s: Situation) -> Millis:
    """For an assertion: nothing was alive after it. For witnesses: older than a live service's record can be."""
    if s.order.asserted_at is not None:
        return Millis(between(s.order.asserted_at, s.broker_now) - s.timing.assertion_slack)
    return s.timing.stale_after


def _unchanged(s: Situation, service: ServiceView) -> Reason | Pending | None:
    """A reply without a Date gives a lower bound only: two reads a report interval apart tell, unchanged = old."""
    if s.memory.changes > 0:
        return Reason.NOVA_FRESH
    if s.memory.record_value != service.updated_at:
        return Pending()
    return None if between(s.memory.record_since, s.look.at) >= s.timing.stale_after else Pending()


def _hidden(s: Situation) -> Blocked | Pending:
    """Nova does not show the host's record: a silent cell is waited for as long as an evacuation may take."""
    if s.now - max(s.memory.owner_since, s.memory.record_since) <= s.timing.landing:
        return Pending()
    return Blocked(reason=Reason.NO_SERVICE, detail=f"Nova shows no nova-compute service of {s.order.host}")


def _unreadable(s: Situation) -> Blocked | Pending:
    """A device that does not answer is asked again for as long as a fence may take; then a person is told."""
    since = s.memory.owner_since if s.memory.off_at is None else s.memory.off_at
    if s.now - since <= s.timing.fence:
        return Pending()
    return Blocked(reason=Reason.FENCE_REFUSED, detail="the power cannot be read any more")


def source_silent(s: Situation) -> Blocked | Pending | None:
    """Before each later batch: is the source still as dead as it was? One movement of Nova's record is looked at
    again; a second one, or power that came back, holds the incident."""
    if s.has_device and not s.power_is_off():
        if s.look.power is PowerState.ON:
            return Blocked(reason=Reason.SOURCE_RETURNED, detail="the power came back")
        return _unreadable(s)
    service, mark = s.look.service, mark_of(s.entry, s.order.host)
    if service is None:
        return _hidden(s)
    if not mark or service.updated_at == mark:
        return None
    if s.memory.moves > 1:
        return Blocked(reason=Reason.SOURCE_RETURNED, detail="Nova's record moved again after the force-down")
    settled = s.memory.record_value == service.updated_at
    waited = between(s.memory.record_since, s.look.at) >= s.timing.stale_after
    return None if settled and waited else Pending()
