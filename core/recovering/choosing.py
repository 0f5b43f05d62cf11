"""Which guests of a dead host are moved, and in which order: marks, priorities and exclusions of a segment's policy.

It looks at what Nova says about guests and Keystone about their projects, and calls nobody. Where a word about a guest
may stand in several places, the first of tag, metadata and flavor counts (docs/recovery.md).
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from types import MappingProxyType

from kasugai.core.recovering.disks import disk_class
from kasugai.core.recovering.look import Look
from kasugai.core.recovering.nova_views import GuestView, ImageView
from kasugai.core.recovering.states import treatment
from kasugai.core.words.disks import LOST_ELSEWHERE
from kasugai.core.words.plan import LOCAL_DISK
from kasugai.core.words.policy import LocalGuests, Policy

NOTHING: Mapping[str, str] = MappingProxyType({})
NO_IMAGE = ImageView()
"""What is known of a guest that boots from a volume, or of whose image Glance does not tell."""

NOT_MARKED, IN_ERROR = "not-marked", "in-error"
"""Words for why a guest is left."""

TRUE_WORDS = frozenset({"1", "t", "true", "on", "y", "yes"})
"""What counts as a set HA_Enabled mark, in any case (masakari.md 2.3)."""


def choose(
    guests: Mapping[str, GuestView],
    policy: Policy,
    look: Look,
    source: str,
    touched: Collection[str] = (),
) -> tuple[list[GuestView], tuple[tuple[str, str], ...]]:
    """Return the guests to move, the most important first, and those that are left, each with its reason. Marked ones
    come before all others; then the higher priority; then the name. `touched`: those that an earlier attempt has begun
    with, whose error may be ours."""
    around = words_of(source, look)
    judged = {
        uuid: judge(guest, policy, look, around, is_touched=uuid in touched) for uuid, guest in guests.items()
    }
    ordered = sorted(guests.values(), key=lambda guest: judged[guest.uuid].rank)
    why = {guest.uuid: judged[guest.uuid].why for guest in ordered}
    chosen = [guest for guest in ordered if not why[guest.uuid]]
    return chosen, tuple((guest.uuid, why[guest.uuid]) for guest in ordered if why[guest.uuid])


@dataclass(frozen=True, slots=True)
class Judged:
    """What the policy says of one guest of a dead host."""

    rank: tuple[bool, int, str, str]
    """Its place among those of its host: the smallest is the first."""
    why: str
    """Why it is left; empty when it is moved."""


def judge(
    guest: GuestView, policy: Policy, look: Look, around: Mapping[str, str], *, is_touched: bool = False
) -> Judged:
    """Return what the policy says of a guest. `around`: the words of its host's aggregates; `is_touched`: whether an
    earlier attempt has begun with it."""
    image = look.images.get(guest.image, NO_IMAGE)
    words = image.properties if policy.image_words else NOTHING
    marked = is_marked(guest, policy, words, around)
    why = (
        _excluded(guest, policy, is_touched=is_touched)
        or _set_aside(guest, policy, look, image, is_marked=marked)
        or _stranded(guest, policy)
    )
    return Judged((not marked, -priority(guest, policy, words, around), guest.name, guest.uuid), why)


def left_alone(guest: GuestView, policy: Policy, look: Look, source: str) -> str:
    """Return why the policy leaves a guest of `source` alone that has failed by itself, by the word that it has for
    that; NOT_MARKED where it has no mark; empty when it is restarted. Its disks are where they were."""
    image = look.images.get(guest.image, NO_IMAGE)
    words = image.properties if policy.image_words else NOTHING
    marked = policy.restart_all or is_marked(guest, policy, words, words_of(source, look))
    why = _set_aside(guest, replace(policy, evacuate_all=policy.restart_all), look, image, is_marked=marked)
    if not why and guest.vm_state == "error" and policy.ignore_error_guests:
        return IN_ERROR
    return why


def words_of(source: str, look: Look) -> Mapping[str, str]:
    """Return the metadata of the aggregates that hold the source; of two that say different things about the same, the
    one that is later by name."""
    found: dict[str, str] = {}
    for each in sorted(look.aggregates or (), key=lambda aggregate: aggregate.name):
        found |= each.metadata if source in each.hosts else {}
    return found


def is_marked(
    guest: GuestView,
    policy: Policy,
    image: Mapping[str, str] = NOTHING,
    aggregate: Mapping[str, str] = NOTHING,
) -> bool:
    """Whether the guest is marked as highly available: by its metadata, else by its image's properties, else by its
    flavor's extra specs, else by the metadata of its host's aggregates. The first that has the key decides, so a guest
    can say no."""
    key = policy.ha_key
    places = (guest.metadata, image, guest.extra_specs, aggregate)
    said = next((words[key] for words in places if key in words), "")
    return said.strip().lower() in TRUE_WORDS


def refuses(guest: GuestView, policy: Policy, look: Look) -> bool:
    """Whether the guest itself, its image or its flavor has the mark and says no by it: that is left where it is by
    whatever is not forced upon it, also where guests without the mark are moved."""
    image = look.images.get(guest.image, NO_IMAGE)
    places = (guest.metadata, image.properties if policy.image_words else NOTHING, guest.extra_specs)
    said = next((words[policy.ha_key] for words in places if policy.ha_key in words), None)
    return said is not None and said.strip().lower() not in TRUE_WORDS


def priority(
    guest: GuestView,
    policy: Policy,
    image: Mapping[str, str] = NOTHING,
    aggregate: Mapping[str, str] = NOTHING,
) -> int:
    """Return the guest's priority, 0 without one: its own, else that in the metadata of its host's aggregates. A word
    that is no whole number says nothing."""
    own = _own_priority(guest, policy, image)
    return own if own is not None else _number(aggregate.get(policy.priority_key, "")) or 0


def _own_priority(guest: GuestView, policy: Policy, image: Mapping[str, str] = NOTHING) -> int | None:
    """Return what tells the guest from others of its host: its tag KEY=NUMBER (of several the highest), else its
    metadata, else its image's property, else its flavor's extra spec; None where none of them is a whole number."""
    key = policy.priority_key
    tags = [text for name, _, text in (tag.partition("=") for tag in guest.tags) if name == key]
    tagged = [number for word in tags if (number := _number(word)) is not None]
    if tagged:
        return max(tagged)
    words = (said.get(key, "") for said in (guest.metadata, image, guest.extra_specs))
    return next((number for word in words if (number := _number(word)) is not None), None)


def _number(word: str) -> int | None:
    if not word:  # as with most guests: what raises costs ten times as much
        return None
    try:
        return int(word)
    except ValueError:
        return None


def _excluded(guest: GuestView, policy: Policy, *, is_touched: bool) -> str:
    """Return why the guest's state leaves it where it is; empty when that does not."""
    if guest.deleted:
        return "deleted"
    if why := treatment(guest.vm_state, guest.task_state).why:
        return why
    if guest.vm_state == "error" and policy.ignore_error_guests and not is_touched:
        return IN_ERROR
    return ""


def _stranded(guest: GuestView, policy: Policy) -> str:
    """Return why the guest's disks keep it where it is."""
    is_lost = disk_class(guest, policy.root_disks) in LOST_ELSEWHERE
    return LOCAL_DISK if is_lost and policy.local_guests is LocalGuests.LEAVE else ""


def _set_aside(guest: GuestView, policy: Policy, look: Look, image: ImageView, *, is_marked: bool) -> str:
    """Return what of the operator's words leaves the guest where it is."""
    tags = look.project_tags.get(guest.project, ())
    words = {
        "excluded-project": guest.project in policy.exclude_projects,
        "excluded-name": any(fnmatchcase(guest.name, pattern) for pattern in policy.exclude_names),
        "excluded-image": guest.image in policy.exclude_images,
        "excluded-image-tag": bool(set(image.tags) & set(policy.exclude_image_tags)),
        "excluded-flavor": guest.flavor in policy.exclude_flavors,
        "excluded-tag": bool(set(guest.tags) & set(policy.exclude_tags)),
        "excluded-project-tag": bool(set(tags) & set(policy.exclude_project_tags)),
        NOT_MARKED: not policy.evacuate_all and not is_marked,
    }
    return next((word for word, holds in words.items() if holds), "")
