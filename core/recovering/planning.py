"""plan(incident, look): the steps of a host's recovery, and in which state each guest should end.

It looks at the source's guests once per attempt, before anything is touched; nothing here calls anybody.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from kasugai.core.recovering.choosing import choose
from kasugai.core.recovering.disks import disk_class, told
from kasugai.core.recovering.look import Look
from kasugai.core.recovering.nova_views import GuestView
from kasugai.core.recovering.states import Do, treatment
from kasugai.core.recovering.steps.enable import enabled
from kasugai.core.recovering.steps.join import joined
from kasugai.core.recovering.steps.reserves import reserve_of
from kasugai.core.recovering.steps.restore import after
from kasugai.core.recovering.steps.services import is_ours
from kasugai.core.words.actions import Action, Meaning
from kasugai.core.words.frozen import FrozenMap
from kasugai.core.words.identity import step_key
from kasugai.core.words.incident import Open
from kasugai.core.words.plan import Plan, Prior, Step
from kasugai.core.words.policy import Policy

Guests = Mapping[str, GuestView]
"""By uuid."""

SHUT_DOWN = 4
"""Nova's power_state of a guest that is off."""


def plan(
    incident: Open, look: Look, epoch: int, priors: Mapping[str, Prior], left: tuple[Step, ...] = ()
) -> Plan:
    """Return the attempt's plan. `priors` are the power states that an earlier attempt's plan recorded: they win over
    what Nova shows after a failed try. `left` are steps that an earlier attempt did not bring to their end."""
    chosen, excluded = choose(look.guests, incident.policy, look, incident.host, priors)
    fence = Step(action=Action.FENCE, subject=incident.host)
    down = Step(action=Action.FORCE_DOWN, subject=incident.host, needs=(fence.key,))
    steps = [fence, down]
    for guest in chosen:
        steps += steps_for(guest, down.key, priors, incident.policy)
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
        projects=projects_of(look.guests.values()),
        disabled=operators_word(incident.policy, look) or "",
    )


def projects_of(guests: Iterable[GuestView]) -> FrozenMap[str]:
    """Return whose each guest is, by its uuid; nobody is there whose project Nova does not tell."""
    return FrozenMap({guest.uuid: guest.project for guest in guests if guest.project})


def operators_word(policy: Policy, look: Look) -> str | None:
    """Return why an operator had disabled the source in Nova, by the look before any effect; None: nobody had. What we
    write ourselves is no operator's word: it stands since an earlier failure, of the host or of a process on it."""
    service = look.service
    if service is None or service.is_enabled or service.disabled_reason == policy.disable_reason:
        return None
    if is_ours(service.disabled_reason):
        return None
    return service.disabled_reason or "no reason given"


def newcomers(old: Plan, look: Look, policy: Policy) -> Mapping[str, GuestView]:
    """Return the guests that the source's list shows and the plan does not know."""
    known = {step.subject for step in old.guests} | {guest for guest, _ in old.excluded}
    return {uuid: guest for uuid, guest in look.guests.items() if uuid not in known}


def asks_for_images(policy: Policy) -> bool:
    """Whether what Glance says of a guest's image may decide about it."""
    return policy.image_words or bool(policy.exclude_image_tags)


def lacks_words(guests: Mapping[str, GuestView], look: Look, policy: Policy) -> bool:
    """Whether Keystone has to be asked about a project, or Glance about an image, before the policy can say which
    guests are left."""
    projects = {guest.project for guest in guests.values() if guest.project}
    lacks_tags = bool(policy.exclude_project_tags) and not projects <= look.project_tags.keys()
    images = {guest.image for guest in guests.values() if guest.image}
    lacks_images = asks_for_images(policy) and not images <= look.images.keys()
    return lacks_tags or lacks_images


def extend(old: Plan, look: Look, policy: Policy, epoch: int, priors: Mapping[str, Prior]) -> Plan:
    """Return the plan with steps for the guests that turned up since it was made, before its last step."""
    guests = newcomers(old, look, policy)
    chosen, excluded = choose(guests, policy, look, old.host, priors)
    down = step_key(Action.FORCE_DOWN, old.host)
    more = tuple(step for guest in chosen for step in steps_for(guest, down, priors, policy))
    return replace(
        old,
        epoch=epoch,
        steps=(*old.steps[:-1], *more, old.steps[-1]),
        excluded=(*old.excluded, *excluded),
        projects=FrozenMap({**old.projects, **projects_of(guests.values())}),
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


def steps_for(guest: GuestView, down: str, priors: Mapping[str, Prior], policy: Policy) -> list[Step]:
    """Return one guest's steps: make it evacuable if it is not, evacuate it, restore what evacuation changed."""
    move = Step(
        action=Action.EVACUATE,
        subject=guest.uuid,
        needs=(down,),
        name=guest.name,
        prior=priors.get(guest.uuid) or prior_of(guest),
        params=told(disk_class(guest, policy.root_disks)),
    )
    if treatment(guest.vm_state, guest.task_state).do is not Do.ERROR_FIRST:
        return [move, *after(move)]
    reset = replace(move, action=Action.RESET)
    return [reset, replace(move, needs=(reset.key,)), *after(move)]


def prior_of(guest: GuestView) -> Prior:
    """Return the state that a guest should end in: as the table of states says, else by Nova's power_state."""
    prior = treatment(guest.vm_state, guest.task_state).prior
    return prior or (Prior.STOPPED if guest.power_state == SHUT_DOWN else Prior.ACTIVE)
