"""The last look: may this decision still be acted upon, given what the world shows right now?

Ages, not times: only two values of one clock are ever compared (architecture.md 5). What it cannot tell, it waits for.
"""

from dataclasses import replace

from kasugai.core.recovering.cutoff import fenced_so, lapsed, patience
from kasugai.core.recovering.look import Look, PowerState
from kasugai.core.recovering.moves import Blocked, Pending, Wait
from kasugai.core.recovering.nova_views import ServiceView
from kasugai.core.recovering.situation import Situation
from kasugai.core.recovering.steps.fence import by_silence, is_reset, is_vouched
from kasugai.core.recovering.steps.force_down import is_answered, lands_until, mark_of
from kasugai.core.recovering.waiting import RARELY, wait
from kasugai.core.words.actions import Meaning
from kasugai.core.words.plan import Step
from kasugai.core.words.policy import Fencing
from kasugai.core.words.timing import BrokerTime, Millis, MonoTime, Timing, between
from kasugai.core.words.verdicts import Reason

BY_LOOKING = 2
"""Witnesses that a last look makes of a word that a device contradicts: the word, and Nova's record that stands still.
"""


def _is_of_one_moment(look: Look, timing: Timing) -> bool:
    """Whether the host was not looked at before its guests, nor much later: else both have to be looked at again."""
    return 0 <= between(look.asked_at, look.host_at) <= timing.look_interval


def decision_is_stale(s: Situation) -> bool:
    """Whether the decision is too old to begin anything by it."""
    return between(s.order.decided_at, s.broker_now) - patience(s) > s.timing.decision_ttl


def last_look(s: Situation) -> Reason | Pending | None:
    """Whether the world contradicts the decision. The age of Nova's record counts until our own force-down has moved
    it; from then on its standing still does. That a host lives says nothing against fencing it for being useless."""
    if s.look.host_at < s.look.asked_at:
        return Pending()
    mark = mark_of(s.entry, s.order.host)
    unmoved = bool(mark) and s.look.service is not None and s.look.service.updated_at == mark
    if not s.has_begun and decision_is_stale(s):
        return Reason.DECISION_STALE
    return None if unmoved or _is_condemned(s) else source_age(s)


def _is_condemned(s: Situation) -> bool:
    """Whether the host may live for all that was decided, and has not been fenced yet."""
    fences = (step for step in s.plan.steps if step.words.meaning is Meaning.FENCED)
    return bool(s.order.condemned) and not any(s.is_done(step.key) for step in fences)


def source_age(s: Situation) -> Reason | Pending | None:
    """While our own force-down has not moved Nova's record, its age says whether the host still reports."""
    service, said = s.look.service, s.order.asserted_at
    if service is None or (s.has_device and s.power_is_off()):
        return None
    if said is not None:
        return _contradiction(s, said) or _still_since(s, service, said)
    if service.age * 1000 >= s.timing.stale_after:
        return None
    return _unchanged(s, service) if service.age_is_bound else Reason.NOVA_FRESH


def _contradiction(s: Situation, said: BrokerTime) -> Reason | None:
    """Why the word that the host has been fenced is one witness and no more. A device that reads on may be that of a
    host that was fenced by a reset: Nova's record that stands still is then the second witness, if two are enough."""
    reads_on = s.has_device and s.look.power is PowerState.ON
    if reads_on and s.order.confirmed_at is None and s.order.policy.confirm_observers > BY_LOOKING:
        return Reason.POWER_ON
    return Reason.NOVA_FRESH if s.memory.reports > 0 or _has_reported_since(s, said) else None


def _has_reported_since(s: Situation, said: BrokerTime) -> bool:
    """Whether Nova's record moved after the word and this owner did not see it happen: an operator's PUT moves it too,
    but only who saw what changed can tell it from a report. A PUT is none if the record does not move again."""
    service = s.look.service
    if service is None or s.memory.puts > 0:
        return False
    return service.age * 1000 < _passed(s, said) - _slack(s, service)


def _slack(s: Situation, service: ServiceView) -> Millis:
    """How much younger the record may seem than it is: where Nova does not say what time it is, it is as late as the
    last report of any other host, which is as old as a report can be."""
    return s.timing.stale_after if service.age_is_bound else s.timing.assertion_slack


def _still_since(s: Situation, service: ServiceView, said: BrokerTime) -> Pending | None:
    """A host that lives moves its record once in a report interval: it must stand still for longer after the word."""
    if _passed(s, said) < s.timing.stale_after:
        return Pending()
    if service.age * 1000 >= s.timing.stale_after:
        return None
    return _watched(s, service) if service.age_is_bound else Pending()


def wait_for_stillness(s: Situation) -> Wait:
    """Look again when Nova's record may have stood still for long enough, and a few times in between: one that moves
    ends the wait."""
    soon, interval = wait(s, ()), s.timing.look_interval
    if s.look.service is None:
        return soon
    stood = min(int(s.look.service.age * 1000), _since_the_word(s))
    pause = max(interval, min(s.timing.stale_after - stood, RARELY * interval))
    return replace(soon, until=MonoTime(s.look.host_at + pause), is_glance=True)


def _since_the_word(s: Situation) -> Millis:
    said = s.order.asserted_at
    return s.timing.stale_after if said is None else _passed(s, said)


def _passed(s: Situation, said: BrokerTime) -> Millis:
    """How long ago the word was said when Nova was asked, at least: Nova's answer, and the lists that came with it, may
    have taken their time, in which its record grew no older."""
    return Millis(between(said, s.broker_now) - between(s.look.host_at, s.now))


def _unchanged(s: Situation, service: ServiceView) -> Reason | Pending | None:
    """A reply without a Date gives a lower bound only: two reads a report interval apart tell, unchanged = old."""
    return Reason.NOVA_FRESH if s.memory.changes > 0 else _watched(s, service)


def _watched(s: Situation, service: ServiceView) -> Pending | None:
    """Whether this owner has seen the record stand still for long enough."""
    if s.memory.record_value != service.updated_at:
        return Pending()
    return None if between(s.memory.record_since, s.look.host_at) >= s.timing.stale_after else Pending()


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
    if not _is_of_one_moment(s.look, s.timing):
        return Pending()
    if (answer := _is_not_off(s)) is not None:
        return answer
    service, mark = s.look.service, mark_of(s.entry, s.order.host)
    if service is None:
        return _hidden(s)
    return _left_its_mark(s, service, mark) or (None if _has_settled(s) else Pending())


def _is_not_off(s: Situation) -> Blocked | Pending | None:
    """What the fence stood on is there no more; None: it is."""
    if is_reset(s):
        return None  # it is on again, and its guests are not
    if s.has_device and s.look.power is PowerState.ON:
        return Blocked(reason=Reason.SOURCE_RETURNED, detail="the power came back")
    if is_vouched(s) or (s.has_device and s.power_is_off()):
        return None
    if fenced_so(s):
        return lapsed(s) if s.order.asserted_at is None else None
    return _unreadable(s) if s.has_device else None


def _left_its_mark(s: Situation, service: ServiceView, mark: str) -> Blocked | Pending | None:
    if not mark or service.updated_at == mark:
        return None
    return _moved_while_off(s, service) if s.has_device and s.power_is_off() else _moved(s, service)


def put_alone(s: Situation, step: Step) -> Blocked | Pending | None:
    """Before Nova's record of a host that was forced down becomes the mark: nothing but that call has moved it. Where
    no device says that the host is off, a report looks the same, also one that came before anybody had the answer."""
    service = s.look.service
    if service is None or (s.has_device and s.power_is_off()) or is_answered(s, step):
        return None
    moved_at = MonoTime(s.look.host_at - int(service.age * 1000))
    if s.memory.reports > 0 or moved_at > lands_until(s, step):
        return _returned(s, service)
    return _watched(s, service)


def _returned(s: Situation, service: ServiceView) -> Blocked | Pending | None:
    """The host has reported since the force-down: a word that is younger goes on, or new silence where no fence is
    asked for."""
    said, confirmed_at = s.order.asserted_at, s.order.confirmed_at
    if said is not None and service.age * 1000 >= _passed(s, said) - _slack(s, service):
        return _still_since(s, service, said)
    if said is None and s.order.policy.fence is Fencing.NONE and confirmed_at is not None:
        return by_silence(s, confirmed_at, service)
    return _RETURNED


_RETURNED = Blocked(reason=Reason.SOURCE_RETURNED, detail="Nova's record moved after the force-down")


def _moved_while_off(s: Situation, service: ServiceView) -> Blocked | Pending | None:
    """Nova's record left its mark although the power reads off: somebody's PUT, if it does not move again."""
    if s.memory.moves > 1:
        return Blocked(reason=Reason.SOURCE_RETURNED, detail="Nova's record moved again after the force-down")
    settled = s.memory.record_value == service.updated_at
    waited = between(s.memory.record_since, s.look.host_at) >= s.timing.stale_after
    return None if settled and waited else Pending()


def _moved(s: Situation, service: ServiceView) -> Blocked | Pending | None:
    """Nova's record left its mark, and no device says that the host is off: what the fence stood on is over. A word
    that is younger than the movement, or a PUT that this owner saw, goes on; where no fence is asked for, new silence.
    """
    said, confirmed_at = s.order.asserted_at, s.order.confirmed_at
    if said is not None:
        answer = _contradiction(s, said) or _still_since(s, service, said) or _watched(s, service)
        if not isinstance(answer, Reason):
            return answer
    elif s.order.policy.fence is Fencing.NONE and confirmed_at is not None:
        return by_silence(s, confirmed_at, service)
    return _RETURNED


def _has_settled(s: Situation) -> bool:
    """Whether the pause after the fence is over, as far as this owner knows: a new one counts from its first look."""
    since = max(s.memory.owner_since, s.memory.record_since, s.memory.off_since or s.memory.owner_since)
    return between(since, s.now) >= s.order.policy.settle_after_fence
