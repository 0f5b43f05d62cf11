"""plan(incident, look): the steps of a host's recovery, and in which state each guest should end.

It looks at the source's guests once per attempt, before anything is touched; nothing here calls anybody.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from kasugai.core.recovering.choosing import choose
from kasugai.core.recovering.look import GuestView, Look
from kasugai.core.recovering.steps.enable import enabled
from kasugai.core.recovering.steps.join import joined
from kasugai.core.recovering.steps.reserves import reserve_of
from kasugai.core.recovering.steps.reset import EVACUABLE
from kasugai.core.recovering.steps.restore import after
from kasugai.core.words.actions import Action, Meaning
from kasugai.core.words.identity import step_key
from kasugai.core.words.incident import Open
from kasugai.core.words.plan import Plan, Prior, Step
from kasugai.core.words.policy import Policy

SHUT_DOWN = 4
"""Nova's power_state of a guest that is off."""


def plan(
    incident: Open, look: Look, epoch: int, priors: Mapping[str, Prior], left: tuple[Step, ...] = ()
) -> Plan:
    """Return the attempt's plan. `priors` are the power states that an earlier attempt's plan recorded: they win over
    what Nova shows after a failed try. `left` are steps that an earlier attempt did not bring to their end."""
    chosen, excluded = choose(look.guests, incident.policy, look.project_tags)
    fence = Step(action=Action.FENCE, subject=incident.host)
    down = Step(action=Action.FORCE_DOWN, subject=incident.host, needs=(fence.key,))
    steps = [fence, down]
    for guest in chosen:
        steps += steps_for(guest, down.key, priors)
    moved = {guest.uuid for guest in chosen}
    steps += [step for step in left if step.subject not in moved]
    steps.append(Step(action=Action.SWEEP, subject=incident.host))
    return Plan(
        incident=incident.incident,
        attempt=incident.attempt,
        epoch=epoch,
        host=incident.host,
        window=incident.policy.window,
        steps=tuple(steps),
        excluded=excluded,
    )


def newcomers(old: Plan, look: Look, policy: Policy) -> Mapping[str, GuestView]:
    """Return the guests that the source's list shows and the plan does not know."""
    known = {step.subject for step in old.guests} | {guest for guest, _ in old.excluded}
    return {uuid: guest for uuid, guest in look.guests.items() if uuid not in known}


def lacks_tags(guests: Mapping[str, GuestView], look: Look, policy: Policy) -> bool:
    """Whether Keystone has to be asked about a project before the policy can say which of the guests are left."""
    projects = {guest.project for guest in guests.values() if guest.project}
    return bool(policy.exclude_project_tags) and not projects <= look.project_tags.keys()


def extend(old: Plan, look: Look, policy: Policy, epoch: int, priors: Mapping[str, Prior]) -> Plan:
    """Return the plan with steps for the guests that turned up since it was made, before its last step."""
    chosen, excluded = choose(newcomers(old, look, policy), policy, look.project_tags)
    down = step_key(Action.FORCE_DOWN, old.host)
    more = tuple(step for guest in chosen for step in steps_for(guest, down, priors))
    return replace(
        old,
        epoch=epoch,
        steps=(*old.steps[:-1], *more, old.steps[-1]),
        excluded=(*old.excluded, *excluded),
    )


def insert(old: Plan, steps: tuple[Step, ...], epoch: int) -> Plan:
    """Return the plan with more steps, before its last one."""
    return replace(old, epoch=epoch, steps=(*old.steps[:-1], *steps, old.steps[-1]))


def new_reserves(old: Plan, look: Look, policy: Policy, hosts: Iterable[str]) -> tuple[Step, ...]:
    """Return the steps that make those of the hosts ready that the plan does not know and the look has read."""
    ends = (step for step in old.steps if step.words.meaning is Meaning.IN_USE)
    known = {reserve_of(step) for step in ends}
    return tuple(
        step
        for host in hosts
        if host not in known
        for step in reserve_steps(old.host, look, policy, host) or ()
    )


def reserve_steps(source: str, look: Look, policy: Policy, reserve: str) -> tuple[Step, ...] | None:
    """Return the steps that make `reserve` ready: it joins the source's aggregates if the policy says so, then it is
    enabled. None when the look has not read what they depend on."""
    if reserve not in look.others or (policy.add_reserve_to_aggregates and look.aggregates is None):
        return None
    down = step_key(Action.FORCE_DOWN, source)
    aggregates = (look.aggregates or ()) if policy.add_reserve_to_aggregates else ()
    joins = tuple(joined(reserve, each, (down,)) for each in aggregates if source in each.hosts)
    return (*joins, enabled(reserve, (down, *(join.key for join in joins))))


def steps_for(guest: GuestView, down: str, priors: Mapping[str, Prior]) -> list[Step]:
    """Return one guest's steps: make it evacuable if it is not, evacuate it, restore what evacuation changed."""
    prior = priors.get(guest.uuid) or prior_of(guest)
    steps = []
    needs = down
    if guest.vm_state not in EVACUABLE:
        reset = Step(action=Action.RESET, subject=guest.uuid, needs=(down,), name=guest.name, prior=prior)
        steps.append(reset)
        needs = reset.key
    move = Step(action=Action.EVACUATE, subject=guest.uuid, needs=(needs,), name=guest.name, prior=prior)
    return [*steps, move, *after(move)]


def prior_of(guest: GuestView) -> Prior:
    """Return the state that a guest should end in. A guest that is neither active nor plainly on loses its memory with
    its host and ends stopped, as with Masakari (masakari.md 2.3)."""
    if guest.vm_state == "active":
        return Prior.ACTIVE
    if guest.vm_state in ("error", "resized"):
        return Prior.STOPPED if guest.power_state == SHUT_DOWN else Prior.ACTIVE
    return Prior.STOPPED
