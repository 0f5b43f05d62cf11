"""The drain of a host whose hardware is degraded: its compute service is disabled, its guests are moved to others, and
a last look finds nobody left but whom the policy or his own state leaves there.

The host lives and is not touched. What undoes a drain is a process's own undoing (`process`): the service is enabled
again if Nova still shows this incident's reason.
"""

from collections import Counter
from dataclasses import replace

from kasugai.core.recovering import planning
from kasugai.core.recovering.choosing import NOT_MARKED, choose, refuses
from kasugai.core.recovering.engine import called_off, failed, result
from kasugai.core.recovering.lastlook import decision_is_stale
from kasugai.core.recovering.ledger import Entry
from kasugai.core.recovering.look import Look, list_is_believed
from kasugai.core.recovering.moves import Extend, Finish, Next
from kasugai.core.recovering.nova_views import GuestView
from kasugai.core.recovering.procedure import Procedure, nothing, unchanged, unmarked
from kasugai.core.recovering.situation import Situation
from kasugai.core.recovering.steps.cold_migrate import OFF
from kasugai.core.recovering.steps.confirm_cold import confirmation_of, is_due
from kasugai.core.recovering.steps.custom_step import Around
from kasugai.core.recovering.steps.kinds import carried_on
from kasugai.core.recovering.steps.live_migrate import LIVE_STATES, NOT_RUNNING
from kasugai.core.recovering.steps.records import is_settled, settles_after
from kasugai.core.recovering.steps.services import REASON, reason_of
from kasugai.core.recovering.waiting import last_change, wait
from kasugai.core.words.actions import Action
from kasugai.core.words.facts import FactKind, Result
from kasugai.core.words.frozen import FrozenMap
from kasugai.core.words.hardware import is_hardware
from kasugai.core.words.identity import step_key
from kasugai.core.words.incident import Open
from kasugai.core.words.plan import Plan, Step
from kasugai.core.words.policy import DegradedCold, LocalGuests
from kasugai.core.words.verdicts import Reason

AT_A_TIME = 1
"""So many guests of a host are migrated at a time. A nova-compute does no more by default, and lets the others queue
(max_concurrent_live_migrations). A degraded host may die at any moment: whoever is on his way or in that queue then is
held, for he may run elsewhere, while whoever has not been called is evacuated."""


def is_drain(order: Open) -> bool:
    """Whether an order has the guests of a degraded host moved away."""
    return is_hardware(order.subject) and order.undoes is None and order.policy.degraded.moves


def _can_plan(look: Look, before: Look | None) -> bool:
    """A list that is believed tells the guests; where Nova shows no such host at all, no plan has any effect."""
    return list_is_believed(look, before) or look.service is None


def _plan(order: Open, look: Look, entry: Entry, epoch: int) -> Plan:
    """Where nobody calls the host degraded any more nothing is planned but the end of what may be under way."""
    shut = _shut(order)
    chosen, excluded = _choose(order, look, look.guests if order.evidence else {})
    known = {step.key for step in chosen}
    left = tuple(step for step in dict.fromkeys(carried_on(entry)) if step.key not in known)
    confirm = Step(action=Action.CONFIRM, subject=order.host, name=order.host)
    return Plan(
        incident=order.incident,
        attempt=order.attempt,
        epoch=epoch,
        host=order.host,
        window=min(order.policy.window, AT_A_TIME),
        steps=(*((shut,) if order.evidence or _is_open(entry, shut) else ()), *chosen, *left, confirm),
        excluded=excluded,
        projects=planning.projects_of(look.guests.values()),
    )


def _is_open(entry: Entry, step: Step) -> bool:
    record = entry.steps.get(step.key)
    return record is not None and record.state.is_open


def _shut(order: Open) -> Step:
    reason = reason_of(order.subject.detail, order.incident)
    return Step(
        action=Action.DISABLE,
        subject=order.host,
        name=order.host,
        params=FrozenMap({REASON: reason}),
    )


def _choose(
    order: Open, look: Look, guests: planning.Guests
) -> tuple[tuple[Step, ...], tuple[tuple[str, str], ...]]:
    """Return the steps of the guests that are moved, those that run before those that are off and the most important
    first, and those that stay, each with its reason: whom an evacuation would leave, but for his disks, which a
    migration takes along."""
    policy = replace(order.policy, local_guests=LocalGuests.REBUILD)
    chosen, excluded = choose(guests, policy, look, order.host)
    why = {guest.uuid: _stays(order, look, guest) for guest in chosen}
    leaving = [guest for guest in chosen if not why[guest.uuid]]
    live = [_step(order, guest) for guest in leaving if guest.vm_state in LIVE_STATES]
    cold = [step for guest in leaving if guest.vm_state == OFF for step in _cold(order, guest)]
    return (*live, *cold), (*excluded, *((uuid, word) for uuid, word in why.items() if word))


def _stays(order: Open, look: Look, guest: GuestView) -> str:
    if refuses(guest, order.policy, look):
        return NOT_MARKED
    is_moved_off = guest.vm_state == OFF and order.policy.degraded_cold is DegradedCold.STOPPED
    return "" if is_moved_off or guest.vm_state in LIVE_STATES else NOT_RUNNING


def _step(order: Open, guest: GuestView) -> Step:
    needs = (step_key(Action.DISABLE, order.host),)
    return Step(action=Action.LIVE_MIGRATE, subject=guest.uuid, needs=needs, name=guest.name)


def _cold(order: Open, guest: GuestView) -> tuple[Step, Step]:
    """Return the steps of a guest that is off: it is moved, and its former host lets go of it."""
    move = replace(_step(order, guest), action=Action.COLD_MIGRATE)
    return move, confirmation_of(move)


def _guard(s: Situation) -> Next | None:
    """One that is told to stop is over as soon as no call of it may be under way."""
    return called_off(s)


def _is_wanted(s: Situation, step: Step) -> bool:
    """Nothing further is begun once nobody calls the host degraded any more, nor while a call about another guest may
    still arrive that shows nowhere yet; what may be under way is looked at."""
    if _is_open(s.entry, step):
        return True
    if step.action == Action.CONFIRM_COLD:
        return is_due(s, step)
    return bool(s.order.evidence) and not any(_may_arrive(s, other) for other in s.plan.guests)


def _may_arrive(s: Situation, step: Step) -> bool:
    return _is_open(s.entry, step) and not is_settled(s, step, settles_after(s, step))


def _confirm(s: Situation) -> Next:
    """Look for guests that turned up, by a list that is believed; without any it is over."""
    if not s.order.evidence:
        return Finish(kind=FactKind.FINISHED, reason=Reason.STOPPED, result=Result.WITHDRAWN)
    if not list_is_believed(s.look, s.memory.before) or s.look.at < last_change(s):
        return wait(s, ())
    if more := planning.newcomers(s.plan, s.look, s.order.policy):
        if planning.lacks_words(more, s.look, s.order.policy):
            return replace(wait(s, ()), words=True)
        return Extend(plan=_longer(s, more))
    if failed(s):
        return result(s)
    return Finish(
        kind=FactKind.FINISHED, reason=Reason.RECOVERED, result=Result.RECOVERED, detail=_left(s.plan)
    )


def _longer(s: Situation, more: planning.Guests) -> Plan:
    steps, excluded = _choose(s.order, s.look, more)
    longer = planning.insert(s.plan, steps, s.memory.epoch)
    projects = FrozenMap({**s.plan.projects, **planning.projects_of(more.values())})
    return replace(longer, excluded=(*s.plan.excluded, *excluded), projects=projects)


def _left(plan: Plan) -> str:
    """Say how many guests stay, and why."""
    words = Counter(word for _, word in plan.excluded)
    return (
        f"left there: {', '.join(f'{count} {word}' for word, count in sorted(words.items()))}"
        if words
        else ""
    )


DRAINING = Procedure(
    can_plan=_can_plan,
    plan=_plan,
    mark=unmarked,
    around=lambda policy: Around(policy.process_before, policy.process_after),
    guard=_guard,
    doubt=nothing,  # correlate has decided, and each step looks at the host
    stale=decision_is_stale,
    first=nothing,
    wants=_is_wanted,
    with_hosts=nothing,
    silence=nothing,
    last=_confirm,
    asks=unchanged,
)
