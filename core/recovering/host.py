"""The recovery of a host that failed: it is fenced and forced down, each after a last look at the decision; then its
guests move while it stays silent, to reserves that are made ready as they are needed; then it is swept.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TypeGuard

from kasugai.core.recovering import planning
from kasugai.core.recovering.cutoff import held_back, signs_of_life
from kasugai.core.recovering.disks import waits_for_its_host
from kasugai.core.recovering.engine import assess, hold, result, single, stop
from kasugai.core.recovering.lastlook import (
    decision_is_stale,
    last_look,
    put_alone,
    source_silent,
    wait_for_stillness,
)
from kasugai.core.recovering.ledger import Entry, touched_priors
from kasugai.core.recovering.look import Look, list_is_believed
from kasugai.core.recovering.moves import Begin, Extend, Finish, Move, Next, Note, Pending
from kasugai.core.recovering.nova_views import ServiceView
from kasugai.core.recovering.procedure import Procedure, unchanged
from kasugai.core.recovering.situation import Situation
from kasugai.core.recovering.states import was_left
from kasugai.core.recovering.steps import restore
from kasugai.core.recovering.steps.custom_step import Around
from kasugai.core.recovering.steps.evacuations import wish_of
from kasugai.core.recovering.steps.fence import must_be_done_again
from kasugai.core.recovering.steps.force_down import mark_of, no_service
from kasugai.core.recovering.steps.kinds import carried_on
from kasugai.core.recovering.steps.reserves import is_wanted
from kasugai.core.recovering.steps.storage_fence import closes
from kasugai.core.recovering.targets import has_capacity, is_living
from kasugai.core.recovering.waiting import last_change, wait
from kasugai.core.words.actions import Action
from kasugai.core.words.facts import FactKind
from kasugai.core.words.identity import step_key
from kasugai.core.words.incident import Open
from kasugai.core.words.plan import Plan, Prior, Step
from kasugai.core.words.policy import Disabled
from kasugai.core.words.verdicts import Reason


def _can_plan(look: Look, before: Look | None) -> bool:
    """A list that is believed tells the guests; where Nova shows no such host at all, no plan has any effect."""
    return list_is_believed(look, before) or look.service is None


def _plan(order: Open, look: Look, entry: Entry, epoch: int) -> Plan:
    return planning.plan(order, look, epoch, touched_priors(entry), carried_on(entry))


def _mark(entry: Entry, order: Open) -> str:
    return mark_of(entry, order.host)


def _guard(s: Situation) -> Next | None:
    """Nothing is done at all where its guests have nowhere to go, or nobody should touch it."""
    if s.look.service is None and not s.is_done(step_key(Action.FORCE_DOWN, s.order.host)):
        return single(s, no_service(s))
    if s.entry.effects:
        return None
    if s.look.unwell and s.plan.guests:
        silent = ", ".join(sorted(s.look.unwell))
        return hold(Reason.CONTROL_PLANE_UNWELL, f"Nova cannot evacuate: no answer of {silent}")
    if not _has_room(s):
        return hold(Reason.NO_CAPACITY, "no other host can take a guest")
    if s.plan.disabled and s.order.policy.respect_disabled is Disabled.HOLD:
        return hold(Reason.HOST_DISABLED, f"disabled in Nova before it failed: {s.plan.disabled}"[:500])
    return None


def _first(s: Situation) -> Next | None:
    """The host is put down before anything else happens to its guests."""
    return _host(s, Action.FENCE) or _host(s, Action.FORCE_DOWN)


def _has_room(s: Situation) -> bool:
    """Whether any guest has anywhere to go, as far as it was looked at: a host whose guests have no other place is not
    fenced for nothing."""
    computes = s.look.computes
    if not s.plan.guests or computes is None:
        return True
    return has_capacity(s.order, s.look, s.timing) and any(
        _may_fit(s, computes, step) for step in s.plan.guests
    )


def _may_fit(s: Situation, computes: Mapping[str, ServiceView], step: Step) -> bool:
    """Whether some living host could take the guest, by Placement; yes where nobody knows."""
    guest = s.look.guests.get(step.subject)
    room = s.look.room_for(guest) if guest is not None else None
    if room is None:
        return True
    return any(host != s.order.host and is_living(computes.get(host)) for host in room)


def _host(s: Situation, action: Action) -> Next | None:
    """Bring one host step to its end; None when it is done."""
    step = next(step for step in s.plan.steps if step.action == action)
    if s.is_done(step.key) and not _must_fence_again(s, step):
        return None
    move = assess(s, step)
    if _rests_on_silence(s, move):
        return _contradicted(s, move) or single(s, move)
    doubt = put_alone(s, step) if _sets_the_mark(move) else None
    return single(s, doubt or move)


def _must_fence_again(s: Situation, step: Step) -> bool:
    record = s.record(step)
    if step.action != Action.FENCE or record is None or not must_be_done_again(s, record):
        return False
    return not s.has_device or (_has_room(s) and any(_may_move(s, guest) for guest in s.plan.guests))


def _may_move(s: Situation, step: Step) -> bool:
    """Whether a guest is still to be moved that does not wait for its host: one that is being switched on is not shot
    for those that do."""
    return not s.is_final(step) and (held_back(s, step) or waits_for_its_host(s, step)) is None


def _rests_on_silence(s: Situation, move: Move) -> bool:
    """Whether a move concludes from the source's silence: an effect on the host does, and so does finding Nova's record
    forced down by somebody else, which proves nothing (the host may live on under it)."""
    if isinstance(move, Begin):
        return True
    if not _sets_the_mark(move):
        return False
    record = s.record(move.step)
    return record is None or not record.state.is_open


def _sets_the_mark(move: Move) -> TypeGuard[Note]:
    """Whether a move finds Nova's record forced down."""
    return isinstance(move, Note) and move.step.action == Action.FORCE_DOWN and move.kind is FactKind.DONE


def _contradicted(s: Situation, move: Move) -> Next | None:
    """Not stopped, and the last look does not contradict the decision."""
    if s.stopped and isinstance(move, Begin):
        return stop(s)
    if isinstance(move, Begin) and s.is_done(move.step.key) and decision_is_stale(s):
        return hold(Reason.SOURCE_RETURNED, "fencing it again takes a decision that knows that it came back")
    answer = last_look(s)
    if answer is None and isinstance(move, Begin) and s.look.storage is not None and closes(move):
        answer = signs_of_life(s, s.look.storage)
    if isinstance(answer, Pending):
        return wait_for_stillness(s)
    if answer is None:
        return None
    return hold(answer, "") if s.has_begun else Finish(kind=FactKind.VETOED, reason=answer)


def _with_more(s: Situation, hosts: Iterable[str]) -> Plan | None:
    """Make those reserves ready that guests now need, and give those back as their users wished who spoke meanwhile."""
    reserves = planning.new_reserves(s.plan, s.look, s.order.policy, hosts)
    wished = (replace(step, prior=Prior.STOPPED) for step in s.plan.guests if wish_of(s.record(step)))
    restores = (more for step in wished for more in restore.after(step) if s.plan.step(more.key) is None)
    steps = (*reserves, *restores)
    return planning.insert(s.plan, steps, s.memory.epoch) if steps else None


def _has_landed(s: Situation, step: Step) -> bool:
    """Whether it is done, and not because its guest was left where it is."""
    record = s.record(step)
    return s.is_done(step.key) and record is not None and not was_left(record.reason)


def _sweep(s: Situation) -> Next:
    """Look for guests that came back or turned up, by a list that is believed; without any it is over."""
    if not list_is_believed(s.look, s.memory.before) or s.look.at < last_change(s):
        return wait(s, ())
    back = [step for step in s.plan.guests if step.subject in s.look.guests and _has_landed(s, step)]
    if back:
        names = ", ".join(step.name or step.subject for step in back)
        return hold(Reason.EVACUATION_UNRESOLVED, f"landed, and on the source's list again: {names}"[:500])
    if more := planning.newcomers(s.plan, s.look, s.order.policy):
        if planning.lacks_words(more, s.look, s.order.policy):
            return replace(wait(s, ()), words=True)
        priors = touched_priors(s.entry)
        return Extend(plan=planning.extend(s.plan, s.look, s.order.policy, s.memory.epoch, priors))
    return result(s)


HOST = Procedure(
    can_plan=_can_plan,
    plan=_plan,
    mark=_mark,
    around=lambda policy: Around(policy.host_before, policy.host_after),
    guard=_guard,
    doubt=_contradicted,
    stale=decision_is_stale,
    first=_first,
    wants=is_wanted,
    with_hosts=_with_more,
    silence=source_silent,
    last=_sweep,
    asks=unchanged,
)
