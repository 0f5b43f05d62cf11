"""Shows at /metrics how things stand: what the owner of the views remembers, beside the hosts as they are described.

Each series is shown while its host is there and this projector owns the views and has read all there is; so a host that
is gone, or a projector that lost the views, leaves no number behind. It decides nothing.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from threading import Lock
from typing import Final
from uuid import UUID

from kasugai.adapters.inventory import Inventory
from kasugai.adapters.telemetry import project_metrics as m
from kasugai.adapters.telemetry.meters import Read, Reading, count, observe, watched
from kasugai.adapters.telemetry.metric import Metric
from kasugai.adapters.wall import Wall, monotonic
from kasugai.api.projection.board import Board, Ended
from kasugai.api.shown import number_of
from kasugai.api.views import OutView
from kasugai.core.telling.numbers import Numbers, numbers
from kasugai.core.telling.phases import Span
from kasugai.core.words.incident import Phase
from kasugai.core.words.inventory import HostRecord, SegmentRecord
from kasugai.core.words.timing import BrokerTime

FRESH: Final = 1.0
"""Seconds for which one computation serves: a scrape asks for ten metrics."""
REMEMBERED: Final = 4096
"""Ends that are not counted again when this process computes the views anew."""
PROTECTED: Final = "-"
"""The reason of a host that is protected."""


class StandingMetrics:
    """The projector's gauges, and what it counts of incidents that end."""

    def __init__(self, known: Callable[[], Inventory | None], wall: Wall | None = None) -> None:
        """Show hosts and segments as `known` has them; None: nobody knows yet."""
        self._known, self._wall = known, wall or Wall()
        self._board: Board | None = None
        self._outs: tuple[OutView, ...] = ()
        self._lock = Lock()
        self._at = float("-inf")
        self._numbers: Numbers | None = None
        self._counted: OrderedDict[tuple[UUID | None, BrokerTime | None], None] = OrderedDict()

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Answer for the length of the block."""
        reads: dict[Metric, Read] = {
            m.HOST_STATE: self._states,
            m.HOST_PROTECTED: self._protected,
            m.INCIDENTS_OPEN: self._open,
            m.GUESTS_DOWN: lambda: self._guests("down"),
            m.GUESTS_COMING_BACK: lambda: self._guests("coming"),
            m.GUESTS_BACK: lambda: self._guests("back"),
            m.GUEST_STATE: self._ways,
            m.SERVICE_DISABLED: self._disabled,
            m.HEALTH: self._health,
            m.MASAKARI_UP: lambda: [(0.0 if self._known() is None else 1.0, {})],
            m.MASAKARI_SEGMENT: self._masakari_segments,
            m.MASAKARI_HOST: self._masakari_hosts,
            m.MASAKARI_ON_MAINTENANCE: self._masakari_on_maintenance,
            m.MASAKARI_RESERVED: self._masakari_reserved,
        }
        with ExitStack() as stack:
            for metric, read in reads.items():
                stack.enter_context(watched(metric, read))
            yield

    def show(self, board: Board, outs: Iterable[OutView]) -> None:
        """Show this from now on: the views are ours and all has been read. `outs`: what recoveries have taken out of
        service."""
        self._board, self._outs = board, tuple(outs)

    def hide(self) -> None:
        """Show nothing: the views are another one's, or not all has been read."""
        self._board, self._numbers, self._at = None, None, float("-inf")

    def hear(self, ended: Ended) -> None:
        """Count an incident that has ended, once."""
        case = ended.case
        key = case.incident, case.until
        if key in self._counted:
            return
        self._counted[key] = None
        if len(self._counted) > REMEMBERED:
            self._counted.popitem(last=False)
        segment, kind, end = self._name_of(case.segment), str(case.kind), _end(ended)
        count(m.INCIDENTS_ENDED, segment=segment, kind=kind, end=end)
        for span in ended.spans:
            observe(m.PHASE, _seconds(span), segment=segment, kind=kind, phase=str(span.part))
        if ended.spans:
            took = sum(_seconds(span) for span in ended.spans)
            observe(m.RECOVERY, took, segment=segment, kind=kind, end=end)

    def _name_of(self, segment: str) -> str:
        known = self._known()
        found = known.segment(segment) if known is not None else None
        return segment if found is None else found.name

    def _now(self) -> Numbers | None:
        """Return how things stand, computed within the last second; None while that is not ours to say."""
        with self._lock:
            board, known = self._board, self._known()
            if board is None or known is None:
                return None
            if self._numbers is None or monotonic() - self._at > FRESH:
                cases, words = list(board.cases.values()), list(board.words.values())
                segments, hosts = list(known.segments()), list(known.hosts())
                self._numbers = numbers(cases, words, segments, hosts, self._wall.now())
                self._at = monotonic()
            return self._numbers

    def _states(self) -> list[Reading]:
        now = self._now()
        hosts = () if now is None else now.hosts
        return [(1.0, {"hostname": h.host, "segment": h.segment, "state": h.state}) for h in hosts]

    def _protected(self) -> list[Reading]:
        now = self._now()
        hosts = () if now is None else now.hosts
        return [
            (
                1.0 if host.unprotected is None else 0.0,
                {
                    "hostname": host.host,
                    "segment": host.segment,
                    "reason": PROTECTED if host.unprotected is None else str(host.unprotected),
                },
            )
            for host in hosts
        ]

    def _open(self) -> list[Reading]:
        now = self._now()
        found = {} if now is None else now.open
        return [
            (n, {"segment": segment, "kind": str(kind), "waits": str(waits)})
            for (segment, kind, waits), n in found.items()
        ]

    def _guests(self, which: str) -> list[Reading]:
        now = self._now()
        found = {} if now is None else now.guests
        return [
            (getattr(guests, which), {"hostname": host, "segment": segment})
            for (host, segment), guests in found.items()
        ]

    def _ways(self) -> list[Reading]:
        now = self._now()
        ways = () if now is None else now.ways
        return [
            (
                1.0,
                {
                    "hostname": way.host,
                    "segment": way.segment,
                    "incident": str(way.incident),
                    "guest": way.guest,
                    "state": way.state,
                },
            )
            for way in ways
        ]

    def _disabled(self) -> list[Reading]:
        names = {segment.segment_id: segment.name for segment in self._described().segments()}
        places = {(out.segment, out.host) for out in self._outs if out.process}
        return [
            (1.0, {"hostname": host, "segment": names[segment]})
            for segment, host in places
            if segment in names
        ]

    def _health(self) -> list[Reading]:
        now = self._now()
        return [] if now is None else [(now.health, {})]

    def _masakari_segments(self) -> list[Reading]:
        return [(1.0, _of_segment(record)) for record in self._described().segments()]

    def _masakari_hosts(self) -> list[Reading]:
        return [(1.0, _of_host(record, segment)) for record, segment in self._pairs()]

    def _masakari_on_maintenance(self) -> list[Reading]:
        now, outs = self._wall.now(), {(out.segment, out.host) for out in self._outs}
        return [
            (
                1.0 if (record.segment_id, record.name) in outs or record.is_set_aside(now) else 0.0,
                _short(record),
            )
            for record, _ in self._pairs()
        ]

    def _masakari_reserved(self) -> list[Reading]:
        return [(1.0 if record.reserved else 0.0, _short(record)) for record, _ in self._pairs()]

    def _pairs(self) -> list[tuple[HostRecord, SegmentRecord]]:
        """Return each host with its segment, as the REST API lists them."""
        known = self._described()
        segments = {segment.segment_id: segment for segment in known.segments()}
        found = ((record, segments.get(record.segment_id)) for record in known.hosts())
        return [(record, segment) for record, segment in found if segment is not None]

    def _described(self) -> Inventory:
        """Return the inventory while the views are ours: several projectors must not show each host several times."""
        known = self._known() if self._board is not None else None
        return Inventory() if known is None else known


def _of_segment(record: SegmentRecord) -> dict[str, str]:
    return {
        "id": str(number_of(record)),
        "uuid": record.segment_id,
        "name": record.name,
        "description": record.description,
        "recovery_method": str(record.policy.method),
        "service_type": record.service_type,
    }


def _of_host(record: HostRecord, segment: SegmentRecord) -> dict[str, str]:
    return {
        **_short(record),
        "id": str(number_of(record)),
        "failover_segment_name": segment.name,
        "type": record.host_type,
        "control_attributes": record.control_attributes,
    }


def _short(record: HostRecord) -> dict[str, str]:
    return {
        "uuid": record.host_uuid,
        "hostname": record.name,
        "failover_segment_id": record.segment_id,
    }


def _end(ended: Ended) -> str:
    """Return how an incident ended; one that undoes another is no recovery."""
    case = ended.case
    if not case.is_return:
        return str(case.phase)
    if case.phase is not Phase.RECOVERED:
        return "not-brought-back"
    return "retired" if case.is_retirement else "brought-back"


def _seconds(span: Span) -> float:
    return (span.lasted or 0) / 1000
