"""From what Nova, Placement and the inventory say to a snapshot: which guests would be moved, and who could take them.

Guests are taken page by page and only what a forecast needs of them is kept: a cloud has hundreds of thousands. The
rules about guests are a recovery's own (choosing, disks, states). Nothing here looks for a place.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from kasugai.core.recovering.choosing import Judged, judge, words_of
from kasugai.core.recovering.described import Described
from kasugai.core.recovering.disks import disk_class
from kasugai.core.recovering.kin import binding_words, kin_of
from kasugai.core.recovering.look import Look
from kasugai.core.recovering.nova_views import (
    AggregateView,
    GroupView,
    GuestView,
    ImageView,
    Needs,
    OffersView,
    ProjectTags,
    ServicesView,
    ServiceView,
)
from kasugai.core.recovering.stocking import size_of, stocks_of
from kasugai.core.recovering.targets import is_living
from kasugai.core.recovering.unseen import image_needs, unseen_in
from kasugai.core.words.capacity import (
    GroupSeen,
    GuestSeen,
    HostSeen,
    Outlook,
    SegmentSeen,
    Snapshot,
)
from kasugai.core.words.disks import LOST_ELSEWHERE, DiskClass, RootDisks
from kasugai.core.words.domains import Domain
from kasugai.core.words.inventory import HostRecord, SegmentRecord
from kasugai.core.words.policy import Policy
from kasugai.core.words.timing import MonoTime, Timing

AFFINITY = "affinity"
"""The policy of a server group whose members Nova keeps together: its scheduler lets none leave the host that the
others are on, and of a dead host that is the dead one (nova 34.0.0, scheduler/filters/affinity_filter.py: the hosts of
a group hold the guest's own)."""
ANTI_AFFINITY = "anti-affinity"


@dataclass(slots=True)
class _Home:
    """What is asked again and again about the guests of one host."""

    policy: Policy
    around: Mapping[str, str]
    storage_only: bool
    guests: list[tuple[Judged, GuestSeen]] = field(default_factory=list)


class Census:
    """Takes guests, tells what has to be asked about them, and makes the snapshot."""

    def __init__(
        self,
        described: Described,
        services: ServicesView,
        aggregates: tuple[AggregateView, ...],
        groups: Sequence[GroupView],
        timing: Timing,
    ) -> None:
        """No guest has been seen."""
        self._described, self._aggregates = described, aggregates
        self._computes = {view.host: view for view in services.computes}
        self._silent = _silent(services, timing)
        self._look = Look(at=MonoTime(0))
        self._distrust = ""
        self._hosts_of: dict[str, list[HostRecord]] = defaultdict(list)
        for _, record in sorted(described.hosts.items()):
            self._hosts_of[record.segment_id].append(record)
        self._groups = {group.group_id: group for group in groups if group.policy == ANTI_AFFINITY}
        self._group_of = {uuid: group.group_id for group in self._groups.values() for uuid in group.members}
        self._affine = {u for group in groups if group.policy == AFFINITY for u in group.members}
        self._members: dict[str, Counter[str]] = defaultdict(Counter)
        self._met: set[str] = set()
        self._homes: dict[str, _Home] = {}
        self._sizes: dict[Needs, int] = {}
        self._words: set[str] = set()
        self._images: dict[str, ImageView | None] = {}
        self._tags: dict[str, tuple[str, ...]] = {}

    # What has to be read.

    @property
    def needs(self) -> tuple[Needs, ...]:
        """What Placement is to be asked about, by the numbers of their sizes."""
        return tuple(self._sizes)

    def unread_images(self, guests: Iterable[GuestView]) -> set[str]:
        """Return the images that Glance is to be asked about before these guests are taken: an image may name traits
        that its guests need."""
        return {guest.image for guest in guests if guest.image and guest.image not in self._images}

    def unread_projects(self, guests: Iterable[GuestView]) -> set[str]:
        """Return the projects whose tags Keystone is to be asked about before these guests are taken."""
        asking = (g for g in guests if self._described.policy_of(g.host).exclude_project_tags)
        return {guest.project for guest in asking if guest.project and guest.project not in self._tags}

    def learn(self, images: Mapping[str, ImageView | None], tags: ProjectTags) -> None:
        """Take what Glance and Keystone have said."""
        self._images |= images
        self._tags |= tags
        shown = {image: view for image, view in self._images.items() if view is not None}
        self._look = Look(at=MonoTime(0), images=shown, project_tags=self._tags)

    def projects_apart(self) -> set[str]:
        """Return the projects of the server groups that a guest was met of: their other members may be anywhere."""
        met = {self._group_of[uuid] for uuid in self._met if uuid in self._group_of}
        return {self._groups[group].project for group in met}

    # What is taken.

    def take(self, guests: Iterable[GuestView]) -> None:
        """Take guests whose hosts may be lost."""
        for guest in guests:
            self.note(guest)
            if guest.deleted or not guest.host:
                continue
            home = self._home(guest.host)
            judged = judge(guest, home.policy, self._look, home.around)
            self._words |= binding_words(guest.extra_specs, home.policy)
            home.guests.append((judged, self._seen(guest, home, judged.why)))

    def note(self, guest: GuestView) -> None:
        """Remember where a member of a server group is."""
        group = self._group_of.get(guest.uuid)
        if not group or guest.uuid in self._met:
            return
        self._met.add(guest.uuid)
        if guest.host and not guest.deleted:
            self._members[group][guest.host] += 1

    def distrust_groups(self, why: str) -> None:
        """Say of nobody any more that he fits: which server groups there are is not told."""
        self._distrust = why

    def _home(self, host: str) -> _Home:
        if host not in self._homes:
            look = Look(at=MonoTime(0), aggregates=self._aggregates)
            self._homes[host] = _Home(
                policy=self._described.policy_of(host),
                around=words_of(host, look),
                storage_only=self._described.devices.get(host) is False,
            )
        return self._homes[host]

    def _seen(self, guest: GuestView, home: _Home, why: str) -> GuestSeen:
        outlook, word = (Outlook.LEFT, why) if why else self._settled(guest, home)
        needs = image_needs(guest.needs, self._images.get(guest.image))
        disks = disk_class(guest, home.policy.root_disks)
        return GuestSeen(
            uuid=guest.uuid,
            name=guest.name,
            host=self._named(guest.host),
            size=None if needs is None or why else self._sizes.setdefault(needs, len(self._sizes)),
            group=self._group_of.get(guest.uuid, ""),
            settled=outlook,
            why=word,
            note="" if why else _note(disks, home.policy),
        )

    def _named(self, host: str) -> str:
        """Return the one copy of a host's name that all of its guests share."""
        view = self._computes.get(host)
        return host if view is None else view.host

    def _settled(self, guest: GuestView, home: _Home) -> tuple[Outlook | None, str]:
        """Return what is known of a guest that its policy moves, before any room is looked for."""
        if guest.in_migration:
            return Outlook.HELD, "in-migration"
        if guest.uuid in self._affine:
            return Outlook.NOWHERE, "affinity-group"
        if guest.needs is None:
            return Outlook.UNKNOWN, "needs-not-told"
        if guest.image and self._images.get(guest.image) is None:
            return Outlook.UNKNOWN, "image-not-told"
        if word := unseen_in(guest, self._images.get(guest.image)):
            return Outlook.UNKNOWN, word
        if home.storage_only:
            return Outlook.UNKNOWN, "storage-is-the-only-fence"
        return (Outlook.UNKNOWN, "in-evacuation") if guest.in_evacuation else (None, "")

    # What comes of it.

    def snapshot(self, offers: Mapping[Needs, OffersView | str]) -> Snapshot:
        """Return all of it. `offers`: what Placement said to each of the needs, or why it did not."""
        stocks, numbered = stocks_of(offers)
        sizes = tuple(size_of(needs, offers.get(needs, "not asked"), numbered) for needs in self._sizes)
        barred = {
            host: word
            for view in offers.values()
            if isinstance(view, OffersView)
            for host, word in view.barred
        }
        kins = kin_of(self._computes.values(), self._aggregates, frozenset(self._words))
        return Snapshot(
            hosts={host: self._host(view, kins[host], barred) for host, view in self._computes.items()},
            guests={
                host: tuple(
                    self._doubted(seen) for _, seen in sorted(home.guests, key=lambda each: each[0].rank)
                )
                for host, home in self._homes.items()
            },
            sizes=sizes,
            stocks=stocks,
            groups={
                name: GroupSeen(most=group.most, members=dict(self._members[name]))
                for name, group in self._groups.items()
                if name in self._members
            },
            segments={name: self._segment(each) for name, each in self._described.segments.items()},
        )

    def _doubted(self, guest: GuestSeen) -> GuestSeen:
        """Return a guest as one of whom nothing can be said, where members of its server group may be anywhere."""
        if guest.settled is not None:
            return guest
        members = self._groups[guest.group].members if guest.group else ()
        why = self._distrust or ("" if self._met.issuperset(members) else "server-group-not-whole")
        return replace(guest, settled=Outlook.UNKNOWN, why=why) if why else guest

    def _host(self, view: ServiceView, kin: str, barred: Mapping[str, str]) -> HostSeen:
        described = self._described
        record = described.hosts.get(view.host)
        trait = "" if not view.is_enabled else barred.get(view.host, "")
        return HostSeen(
            name=view.host,
            kin=kin,
            zone=view.zone,
            segment=record.segment_id if record else "",
            bars=described.avoid.get(view.host, "") or self._lifeless(view) or trait,
            is_disabled=not view.is_enabled,
            waits=described.why_it_waits(view.host),
            is_set_aside=record is not None and record.on_maintenance,
        )

    def _lifeless(self, view: ServiceView) -> str:
        """Return how it shows that a host does not live; empty: it does."""
        if not is_living(view):
            return "forced-down" if view.forced_down else "down"
        return "silent" if view.host in self._silent else ""

    def _segment(self, record: SegmentRecord) -> SegmentSeen:
        hosts = self._hosts_of[record.segment_id]
        domains: dict[Domain, set[str]] = defaultdict(set)
        for name, domain in ((host.name, domain) for host in hosts for domain in host.domains):
            domains[domain].add(name)
        return SegmentSeen(
            segment_id=record.segment_id,
            name=record.name,
            method=record.policy.method,
            max_unhealthy=record.policy.max_unhealthy,
            domain_as_one=record.policy.domain_as_one,
            domain_trip=record.policy.domain_trip,
            domain_small=record.policy.domain_small,
            domains={domain: frozenset(members) for domain, members in domains.items()},
            hosts=tuple(host.name for host in hosts),
            reserves=tuple(host.name for host in hosts if self._is_free(host)),
            joins=record.policy.add_reserve_to_aggregates,
        )

    def _is_free(self, host: HostRecord) -> bool:
        """Whether a host is a reserve that is kept empty: one that Nova shows enabled has been put to use."""
        view = self._computes.get(host.name)
        is_one = host.reserved and not host.on_maintenance and host.name not in self._described.taken
        return is_one and view is not None and not view.is_enabled


def _silent(services: ServicesView, timing: Timing) -> frozenset[str]:
    """Return the hosts that have not reported to Nova for longer than a living one would; where none has, that is
    Nova's own silence, and says nothing of any of them."""
    ages = {view.host: view.age * 1000 for view in services.computes}
    silent = frozenset(host for host, age in ages.items() if age >= timing.stale_after)
    return silent if len(silent) < len(ages) else frozenset()


def _note(disks: DiskClass, policy: Policy) -> str:
    if disks in LOST_ELSEWHERE:
        return f"rebuilt-without-its-data, after {policy.local_wait // 1000} s"
    return (
        "its-disk-may-be-local"
        if disks is DiskClass.UNKNOWN and policy.root_disks is RootDisks.UNSAID
        else ""
    )
