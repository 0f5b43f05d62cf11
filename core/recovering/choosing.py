"""Which guests of a dead host are moved, and in which order: marks, priorities and exclusions of a segment's policy.

It looks at what Nova says about guests and Keystone about their projects, and calls nobody. Where a word about a guest
may stand in several places, the first of tag, metadata and flavor counts (docs/recovery.md).
"""

from collections.abc import Iterable, Mapping

from kasugai.core.recovering.look import GuestView, ProjectTags
from kasugai.core.words.policy import Policy

NEVER_LAUNCHED = ("building",)
"""vm_states of guests that have nothing to move: Nova refuses to evacuate them."""
TRUE_WORDS = frozenset({"1", "t", "true", "on", "y", "yes"})
"""What counts as a set HA_Enabled mark, in any case (masakari.md 2.3)."""


def choose(
    guests: Mapping[str, GuestView], policy: Policy, project_tags: ProjectTags
) -> tuple[list[GuestView], tuple[tuple[str, str], ...]]:
    """Return the guests to move, the most important first, and those that are left, each with its reason. Marked ones
    come before all others; then the higher priority; then the name."""
    ordered = sorted(
        guests.values(), key=lambda g: (not is_marked(g, policy), -priority(g, policy), g.name, g.uuid)
    )
    why = {guest.uuid: _excluded(guest, policy, project_tags.get(guest.project, ())) for guest in ordered}
    chosen = [guest for guest in ordered if not why[guest.uuid]]
    return chosen, tuple((guest.uuid, why[guest.uuid]) for guest in ordered if why[guest.uuid])


def is_marked(guest: GuestView, policy: Policy) -> bool:
    """Whether the guest's metadata marks it as highly available."""
    return guest.metadata.get(policy.ha_key, "").strip().lower() in TRUE_WORDS


def priority(guest: GuestView, policy: Policy) -> int:
    """Return the guest's priority, 0 without one: its tag KEY=NUMBER, else its metadata, else its flavor's extra spec.
    A word that is no whole number says nothing; of several tags the highest counts."""
    key = policy.priority_key
    tags = [text for name, _, text in (tag.partition("=") for tag in guest.tags) if name == key]
    words = [*tags, guest.metadata.get(key, ""), guest.extra_specs.get(key, "")]
    numbers = [_number(word) for word in words]
    tagged = [number for number in numbers[: len(tags)] if number is not None]
    if tagged:
        return max(tagged)
    return next((number for number in numbers if number is not None), 0)


def _number(word: str) -> int | None:
    try:
        return int(word)
    except ValueError:
        return None


def _excluded(guest: GuestView, policy: Policy, project_tags: Iterable[str]) -> str:
    """Return why the guest is left where it is; empty when it is moved."""
    if guest.deleted or guest.task_state == "deleting":
        return "deleted"
    if guest.vm_state in NEVER_LAUNCHED:
        return "never-launched"
    if guest.vm_state == "error" and policy.ignore_error_guests:
        return "in-error"
    return _set_aside(guest, policy, project_tags)


def _set_aside(guest: GuestView, policy: Policy, project_tags: Iterable[str]) -> str:
    """Return what of the operator's words leaves the guest where it is."""
    words = {
        "excluded-project": guest.project in policy.exclude_projects,
        "excluded-image": guest.image in policy.exclude_images,
        "excluded-flavor": guest.flavor in policy.exclude_flavors,
        "excluded-tag": bool(set(guest.tags) & set(policy.exclude_tags)),
        "excluded-project-tag": bool(set(project_tags) & set(policy.exclude_project_tags)),
        "not-marked": not policy.evacuate_all and not is_marked(guest, policy),
    }
    return next((word for word, holds in words.items() if holds), "")
