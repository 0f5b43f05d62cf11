"""The recovery of a guest that is said to have failed: it is looked at, and where Nova's own view bears the report out,
it is stopped and started (or first moved, where its budget says so); then it is looked at once more.

A report is a reason to look, never to act. What speaks against a restart is told, and nothing was called. A user's word
during the recovery is obeyed.
"""

from collections.abc import Iterable
from dataclasses import replace

from kasugai.core.recovering.choosing import NOT_MARKED, left_alone
from kasugai.core.recovering.engine import failed, hold, result, stop
from kasugai.core.recovering.lastlook import decision_is_stale
from kasugai.core.recovering.ledger import Entry
from kasugai.core.recovering.look import Look
from kasugai.core.recovering.moves import Finish, Next, Wait
from kasugai.core.recovering.nova_views import ActionView, By, GuestView
from kasugai.core.recovering.planning import lacks_words, projects_of
from kasugai.core.recovering.procedure import Procedure, every, nothing, unmarked
from kasugai.core.recovering.situation import Situation
from kasugai.core.recovering.states import why_not_restarted
from kasugai.core.recovering.steps.custom_step import Around
from kasugai.core.recovering.targets import is_living
from kasugai.core.recovering.waiting import last_change, wait
from kasugai.core.recovering.wishes import (
    Wish,
    begun_by_user,
    built_since,
    caused_by_user,
    last_word,
    restarted_by,
    wish,
)
from kasugai.core.words.actions import Action
from kasugai.core.words.facts import FactKind, Result, StepState
from kasugai.core.words.identity import step_key
from kasugai.core.words.incident import Open
from kasugai.core.words.plan import Plan, Step
from kasugai.core.words.timing import BrokerTime, between
from kasugai.core.words.verdicts import Reason


def _can_plan(look: Look, before: Look | None) -> bool:
    """The guest was asked for by id, and if there is one, Nova's account of it was read."""
    exists = any(guest is not None for guest in look.read.values())
    return bool(look.read) and (look.actions is not None or not exists)


def _plan(order: Open, look: Look, entry: Entry, epoch: int) -> Plan:
    """Stop, start, and the last look; between the two the guest is moved if that is asked for, or was begun."""
    uuid = order.subject.detail
    guest = look.read.get(uuid)
    moves = (Action.MIGRATE, Action.CONFIRM_MIGRATION)
    is_moved = order.relocates or any(step_key(action, uuid) in entry.steps for action in moves)
    actions = (Action.STOP, *(moves if is_moved else ()), Action.START)
    steps: list[Step] = []
    for action in (*actions, Action.CONFIRM):
        needs = (steps[-1].key,) if steps else ()
        steps.append(Step(action=action, subject=uuid, needs=needs, name=guest.name if guest else ""))
    return Plan(
        incident=order.incident,
        attempt=order.attempt,
        epoch=epoch,
        host=order.host,
        window=order.policy.window,
        steps=tuple(steps),
        projects=projects_of((guest,) if guest else ()),
    )


def _guard(s: Situation) -> Next | None:
    """Whether anything speaks against the next step, by what Nova shows now."""
    uuid = s.order.subject.detail
    if s.stopped and not (_is_open(s) or _is_started(s)):
        return stop(s)
    if uuid not in s.look.read:
        return wait(s, (uuid,))
    guest = s.look.read[uuid]
    if guest is None or guest.deleted:
        return _over(Reason.GUEST_GONE, "Nova does not know it (any more)")
    if _is_started(s):
        return None
    if s.look.actions is None:
        return None if _is_open(s) else wait(s, ())
    if not _is_touched(s):
        return _against(s, guest, s.look.actions)
    return None if _is_open(s) else _against_more(s, guest, s.look.actions)


def _is_started(s: Situation) -> bool:
    """Whether its start has been called and not come to nothing."""
    key = step_key(Action.START, s.order.subject.detail)
    record = s.entry.steps.get(key)
    is_open = record is not None and record.state.is_open
    return is_open or s.is_done(key) or key in s.memory.in_flight


def _is_open(s: Situation) -> bool:
    """Whether a call about the guest may be under way."""
    called = any(step.key in s.memory.in_flight and step.is_about_subject for step in s.plan.steps)
    return called or any(record.state.is_open and record.has_begun for record in s.entry.steps.values())


def _is_touched(s: Situation) -> bool:
    """Whether the guest may be as it is by what this incident has done to it."""
    records = s.entry.steps.values()
    return _is_open(s) or any(r.state is StepState.DONE and r.has_begun for r in records)


def _over(reason: Reason, detail: str) -> Finish:
    """Nothing is to be done (any more)."""
    return Finish(kind=FactKind.FINISHED, reason=reason, result=Result.WITHDRAWN, detail=detail[:500])


def _seen_at(order: Open) -> BrokerTime:
    return order.opened_at if order.seen_at is None else order.seen_at


def _against(s: Situation, guest: GuestView, actions: tuple[ActionView, ...]) -> Next | None:
    """What speaks against restarting a guest that we have not touched."""
    return (
        _as_it_is(s, guest)
        or _as_wished(guest, actions)
        or _busy(s, guest)
        or _answered(s, guest, actions)
        or _left(s, guest)
        or _on_its_host(s, guest)
    )


def _as_it_is(s: Situation, guest: GuestView) -> Finish | None:
    """Its state, and where it is: the recovery of its host may have moved it meanwhile, and have left it stopped for a
    stop of ours that its host never carried out, or for Nova's own. One that its user wants to run is started wherever
    it is."""
    if why := why_not_restarted(guest.vm_state):
        return _over(Reason.GUEST_STATE, f"{guest.name}: {why}")
    if guest.host != s.order.host and guest.vm_state != "stopped":
        return _over(Reason.GUEST_ELSEWHERE, f"{guest.name} is on {guest.host or 'no host'}")
    return None


def _as_wished(guest: GuestView, actions: Iterable[ActionView]) -> Finish | None:
    if wish(actions, guest) is Wish.RUNS:
        return None
    word = last_word(actions)
    said = (
        f"its user asked for {_told(word)}"
        if word
        else "it is stopped, and Nova does not say who wished that"
    )
    return _over(Reason.USERS_WISH, f"{guest.name}: {said}")


def _told(action: ActionView) -> str:
    return f"{action.action} ({action.request})" if action.request else action.action


def _busy(s: Situation, guest: GuestView) -> Next | None:
    """A task is under way: what comes of it may be what should be, or the user's own doing. Who waits for it in a place
    that others wait for leaves it to them, and is asked again."""
    if guest.task_state is None:
        return None
    waited, detail = between(s.memory.owner_since, s.now), f"{guest.name} is {guest.task_state}"
    if waited > s.timing.landing:
        return hold(Reason.GUEST_BUSY, detail)
    if s.crowded and waited > s.timing.decision_ttl and not s.entry.effects:
        return Finish(kind=FactKind.VETOED, reason=Reason.GUEST_BUSY, detail=detail)
    return wait(s, ())


def _answered(s: Situation, guest: GuestView, actions: tuple[ActionView, ...]) -> Finish | None:
    """What was reported has been answered, or needs no answer. Of a guest that Nova holds for stopped against its
    user's wish nothing of that can be true: starting it stops nobody. A start of this incident's own that came to
    nothing answers nothing."""
    if guest.vm_state == "stopped":
        return None
    if s.entry.effects:
        actions = tuple(each for each in actions if each.by is not By.US)
    seen_at = _seen_at(s.order)
    if (doing := caused_by_user(actions, seen_at)) is not None:
        return _over(Reason.USERS_DOING, f"{guest.name}: its user asked for {_told(doing)} at that time")
    if (start := restarted_by(actions, seen_at)) is not None:
        return _over(Reason.RESTARTED_SINCE, f"{guest.name}: {_told(start)}, by {start.by}")
    if built_since(guest.launched_at, seen_at):
        return _over(Reason.RESTARTED_SINCE, f"{guest.name} was built after it was seen to fail")
    return None


def _left(s: Situation, guest: GuestView) -> Next | None:
    """What the policy leaves was left before the first effect: who goes on with it does not read marks again."""
    if s.entry.effects:
        return None
    if lacks_words({guest.uuid: guest}, s.look, s.order.policy):
        return replace(wait(s, ()), words=True)
    match left_alone(guest, s.order.policy, s.look, s.order.host):
        case "":
            return None
        case word if word == NOT_MARKED:
            key = s.order.policy.ha_key
            return _over(Reason.NOT_MARKED, f"{guest.name} has no {key} mark, and restart-all is off")
        case word:
            return _over(Reason.GUEST_LEFT, f"{guest.name}: {word}")


def _on_its_host(s: Situation, guest: GuestView) -> Next | None:
    """The host that it is on is up by Nova's word. Before anything was called, correlate decides anew, and takes the
    host first; of one that the guest was moved to since it was reported correlate does not know, so that here is seen
    whether it is being recovered."""
    if guest.host not in ("", s.order.host, *s.look.others):
        return replace(wait(s, ()), until=s.now)
    detail = _unfit(s.look, guest.host, is_own=guest.host == s.order.host)
    if not detail:
        return None
    if _is_touched(s):
        return hold(Reason.HOST_NOT_UP, detail)
    return Finish(kind=FactKind.VETOED, reason=Reason.HOST_NOT_UP, detail=detail)


def _unfit(look: Look, host: str, *, is_own: bool) -> str:
    """Return what keeps the guest from being started on that host; empty for nothing."""
    service = look.service if is_own else look.others.get(host)
    if service is None:
        return f"Nova shows no compute service of {host or 'its host, for it has none'}"
    if not is_living(service):
        return f"Nova holds the compute service for down of {host}"
    return f"{host}, where it is now, is being recovered" if host in look.recovering else ""


def _against_more(s: Situation, guest: GuestView, actions: tuple[ActionView, ...]) -> Next | None:
    """What speaks against going on with a guest that we have stopped, or begun to: that it runs already where the
    recovery of its host has brought it, and what its user has asked for since. Else it is no matter where it is: whom
    we have stopped we start."""
    if guest.host != s.order.host and guest.vm_state == "active" and guest.task_state is None:
        return _over(Reason.GUEST_ELSEWHERE, f"{guest.name} runs on {guest.host or 'no host'}")
    word = last_word(actions)
    if word is not None and wish(actions, guest) is Wish.OFF:
        return _over(Reason.USERS_WISH, f"{guest.name}: its user asked for {_told(word)} meanwhile")
    begun = begun_by_user(actions)
    if begun is not None and guest.vm_state == "active":
        return _over(Reason.RESTARTED_SINCE, f"{guest.name}: its user asked for {_told(begun)} meanwhile")
    return _on_its_host(s, guest)


def _confirm(s: Situation) -> Next:
    """Look once more after the last call: the guest runs, unless something has failed."""
    if failed(s):
        return result(s)
    guest = s.look.read[s.order.subject.detail]
    assert guest is not None
    if s.look.at < last_change(s):
        return wait(s, ())
    if guest.task_state is not None and between(last_change(s), s.now) <= s.timing.landing:
        return wait(s, ())
    if guest.vm_state == "active":
        return result(s)
    detail = f"{guest.name} was started, and is {guest.vm_state} again"
    return Finish(kind=FactKind.FINISHED, reason=Reason.PARTIAL, result=Result.FAILED, detail=detail)


def _asks(s: Situation, wait: Wait) -> Wait:
    """Every look shows the guest; until its start is on its way also what was asked of it, and the host that it was
    moved to."""
    uuid, needs = s.order.subject.detail, _needs_actions(s)
    guest = s.look.read.get(uuid)
    there = {guest.host} - {"", s.order.host} if guest is not None and needs else set()
    return replace(wait, reads=wait.reads | {uuid}, actions=wait.actions or needs, hosts=wait.hosts | there)


def _needs_actions(s: Situation) -> bool:
    key = step_key(Action.START, s.order.subject.detail)
    record = s.entry.steps.get(key)
    is_accepted = record is not None and record.state is StepState.STARTED and key in s.memory.accepted
    return not (s.is_done(key) or key in s.memory.in_flight or is_accepted)


INSTANCE = Procedure(
    can_plan=_can_plan,
    plan=_plan,
    mark=unmarked,
    around=lambda policy: Around(policy.instance_before, policy.instance_after),
    guard=_guard,
    doubt=nothing,  # the guard has looked
    stale=decision_is_stale,
    first=nothing,
    wants=every,
    with_hosts=nothing,
    silence=nothing,
    last=_confirm,
    asks=_asks,
)
