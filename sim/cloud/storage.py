"""A Ceph cluster: its blocklist, who holds images open, who has locked them, and what a closed address can still do.

Knows nothing of Nova but which guests run where. Its rules are those that a real one (16.2.15) showed: an entry for an
address closes it to all its clients at once, also to later ones; a watch ends 30 s after its client's last sign; a lock
stays when its client is closed out; opening the address again lets a client in that has survived.
"""

from collections.abc import Callable, Iterator

from kasugai.sim.cloud.model import Host
from kasugai.sim.cloud.world import World

NETWORK = "storage"
"""The network over which hosts reach it."""
WATCH = 30.0
"""Seconds without a sign after which a watch ends."""
SIGN = 5.0
"""Seconds between two signs of a client."""
POOLS = ("volumes", "vms")
"""Of Cinder's volumes, and of Nova's own disks."""


class Storage:
    """One cluster, for all hosts that have it."""

    def __init__(self, world: World) -> None:
        """Nobody uses it."""
        self._world = world
        self._signs: dict[str, float] = {}
        """By host: when its clients last gave a sign."""
        self.blocked: dict[str, float] = {}
        """Until when (the cloud's wall clock) entries of the blocklist stand."""
        self.locked: dict[str, str] = {}
        """By image: the host whose client holds its lock."""
        self.elsewhere: set[str] = set()
        """Guests with a disk that does not lie here."""
        self.is_away = False
        """It answers nobody; its clients go on."""
        self.unnamed: set[str] = set()
        """Hosts of which power.yaml names another address than theirs."""
        self.opened: list[Callable[[str], None]] = []
        """Called with a host that is let in again, after the fact."""

    def add(self, host: str) -> None:
        """The host has its guests' disks here, and power.yaml says by which address."""
        if not self._signs:
            self._world.later(SIGN, self._beat)
        self._signs[host] = self._world.now()

    def has(self, host: str) -> bool:
        """Whether power.yaml names it for exactly this host."""
        return host in self._signs

    def address(self, host: str) -> str:
        """Return the host's address."""
        return f"10.0.0.{10 + list(self._world.hosts).index(host)}"

    def entry(self, host: str) -> str:
        """Return the blocklist's entry for the host."""
        return f"{self.address(host)}:0/0"

    def is_closed(self, host: str) -> bool:
        """Whether nothing that runs on the host can write here."""
        return self.blocked.get(self.entry(host), 0.0) > self._world.wall() if self.has(host) else False

    def can_write(self, guest: str, host: str) -> bool:
        """Whether a guest that runs on the host could write to any of its disks."""
        return guest in self.elsewhere or not self.is_closed(host)

    def block(self, entry: str, seconds: float) -> None:
        """Put an entry on the blocklist."""
        self._beat_now()
        self.blocked[entry] = self._world.wall() + seconds

    def unblock(self, entry: str) -> None:
        """Take it off."""
        self._beat_now()
        if self.blocked.pop(entry, None) is not None:
            for host in [each for each in self._signs if self.entry(each) == entry]:
                for tell in self.opened:
                    tell(host)

    def guest_of(self, image: str) -> str | None:
        """Return the guest whose disk an image is; None: there is no such image."""
        pool, _, name = image.partition("/")
        guest = name.removeprefix("volume-") if pool == POOLS[0] else name.removesuffix("_disk")
        known = self._world.guests.get(guest)
        is_here = (
            known is not None and guest not in self.elsewhere and bool(known.image) == (pool == POOLS[1])
        )
        return guest if is_here else None

    def watchers(self, image: str) -> list[str]:
        """Return the hosts whose clients hold an image open, as the cluster knows."""
        self._beat_now()
        guest, now = self.guest_of(image), self._world.now()
        hosts = sorted(self._world.diary.running_on(guest)) if guest else []
        return [h for h in hosts if not self.is_closed(h) and now - self._signs.get(h, -WATCH) < WATCH]

    def lock_of(self, image: str) -> str | None:
        """Return the host that has locked an image: the first on which its guest ran, until the lock is lifted."""
        guest = self.guest_of(image)
        if guest is not None and image not in self.locked:
            for host in sorted(self._world.diary.running_on(guest)):
                self.locked.setdefault(image, host)
        return self.locked.get(image)

    def _living(self) -> Iterator[str]:
        return (name for name in self._signs if self._lives(self._world.hosts[name]))

    def _lives(self, host: Host) -> bool:
        reaches = host.power_on and not host.is_hung and NETWORK not in host.unplugged
        return reaches and not self.is_closed(host.name)

    def _beat_now(self) -> None:
        self._signs |= dict.fromkeys(self._living(), self._world.now())

    def _beat(self) -> None:
        self._beat_now()
        self._world.later(SIGN, self._beat)
