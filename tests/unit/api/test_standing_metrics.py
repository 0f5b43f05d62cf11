"""What the projector shows of hosts, guests and incidents, as Prometheus reads it; from records to series."""

from collections.abc import Iterator
from dataclasses import replace
from uuid import UUID

import pytest

from kasugai.adapters.inventory import Description, Inventory
from kasugai.adapters.telemetry.project_metrics import MASAKARI_METRICS
from kasugai.adapters.telemetry.serving import served
from kasugai.adapters.telemetry.vitals import Vitals
from kasugai.adapters.wall import Wall
from kasugai.api import shown, standing_metrics
from kasugai.api.projection import board as boards
from kasugai.api.projection.board import Board, Ended, text_of
from kasugai.api.projection.projector import Projector
from kasugai.api.standing_metrics import StandingMetrics
from kasugai.api.views import OutView
from kasugai.core.telling.documents import NotOwner, Round
from kasugai.core.telling.incident_views import Record
from kasugai.core.telling.numbers import RECENT, UNKNOWN_FOR, Waits
from kasugai.core.telling.phases import Part
from kasugai.core.telling.protection import Unprotected
from kasugai.core.telling.standing import Words, case_of
from kasugai.core.words.facts import FactKind, Result
from kasugai.core.words.inventory import HostRecord, SegmentRecord
from kasugai.core.words.signals import UNKNOWN_SEGMENT
from kasugai.core.words.subject import Kind, Subject, host_subject
from kasugai.core.words.timing import BrokerTime, Instant
from kasugai.core.words.verdicts import Reason, Verb, Verdict
from tests.support.incidents import (
    INCIDENT,
    MIDWAY,
    OPENED,
    SEGMENT,
    START,
    WHOLE,
    decided,
    opened,
    said,
    view_of,
)
from tests.support.memory_documents import MemoryDocuments
from tests.support.metrics import RESOURCE, samples
from tests.support.projections import came

RACK = SegmentRecord(segment_id=SEGMENT, name="rack1", number=1, description="by the door")
HOSTS = [HostRecord(host_uuid=f"uuid-{n}", name=f"cmp{n}", segment_id=SEGMENT, number=n) for n in (1, 2)]
Series = dict[tuple[tuple[str, str], ...], float]


class Clock(Wall):
    """A minute after the story began."""

    def now(self) -> Instant:
        """Return the time."""
        return START + 60_000


class Site:
    """A projector with its metrics, without Kafka."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.inventory: Inventory | None = Inventory()
        described: list[Description] = [RACK, *HOSTS]
        assert all(self.inventory.put(record) for record in described)
        self.documents = MemoryDocuments()
        assert self.documents.own("me")
        self.metrics = StandingMetrics(lambda: self.inventory, Clock())
        self.projector = self.begin()

    def begin(self) -> Projector:
        """Go on with a projector of a new life, which has read nothing yet."""
        self.metrics.hide()
        self.projector = Projector(self.documents, "me", hear=self.metrics.hear)
        return self.projector

    def play(self, *values: Record) -> None:
        """Take records that came a second apart, and show what follows."""
        dated = [
            replace(value, at=BrokerTime(START + 1000 * n)) if isinstance(value, Verdict) else value
            for n, value in enumerate(values)
        ]
        self.projector.take(came(*dated), {})
        while not self.projector.is_done:
            self.projector.project(is_current=True)
        self.show()

    def show(self, *outs: OutView) -> None:
        """Show what is remembered."""
        self.metrics.hide()
        self.metrics.show(self.projector.board, outs)

    def series(self, name: str) -> Series:
        """Return a metric's series by their labels."""
        return {labels: value for (found, labels), value in samples(self.address).items() if found == name}

    def value(self, name: str, **labels: str) -> float:
        """Return one of them; 0 where there is none."""
        return self.series(name).get(tuple(sorted(labels.items())), 0.0)


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """Where metrics are served."""
    with served(Vitals(), RESOURCE, "127.0.0.1", 0) as address:
        yield address


@pytest.fixture
def site(address: str) -> Iterator[Site]:
    """Nothing has happened yet."""
    site = Site(address)
    with site.metrics.watched():
        yield site


HOST = {"hostname": "cmp1", "segment": "rack1"}


def test_every_host_of_the_inventory_has_a_state_and_is_protected_or_not(site: Site) -> None:
    site.play(*MIDWAY)
    assert site.series("kasugai_host_state") == {
        (("hostname", "cmp1"), ("segment", "rack1"), ("state", "recovering")): 1,
        (("hostname", "cmp2"), ("segment", "rack1"), ("state", "in-service")): 1,
    }
    assert site.series("kasugai_host_protected") == {
        (("hostname", "cmp1"), ("reason", Unprotected.IN_RECOVERY), ("segment", "rack1")): 0,
        (("hostname", "cmp2"), ("reason", "-"), ("segment", "rack1")): 1,
    }


def test_guests_and_incidents_are_counted_and_health_is_one_number(site: Site) -> None:
    site.play(*MIDWAY)
    assert site.value("kasugai_guests_down", **HOST) == 1 == site.value("kasugai_guests_coming_back", **HOST)
    assert site.value("kasugai_guests_back", **HOST) == 1 == site.value("kasugai_health")
    assert site.value("kasugai_incidents_open", segment="rack1", kind="host", waits=Waits.ITSELF) == 1
    site.begin().take(came(*WHOLE), {})
    site.play(*WHOLE)
    assert site.series("kasugai_incidents_open") == {}
    assert site.value("kasugai_guests_back", **HOST) == 2 and site.value("kasugai_health") == 0


def test_each_guest_of_an_open_incident_is_told_until_it_ends(site: Site) -> None:
    site.play(*MIDWAY)
    ways = {labels["guest"]: labels for labels in map(dict, site.series("kasugai_guest_state"))}
    assert {name: way["state"] for name, way in ways.items()} == {"web1": "prove", "batch1": "move"}
    assert ways["web1"] | HOST == ways["web1"] and ways["web1"]["incident"] == str(INCIDENT)
    site.play(*WHOLE)
    assert site.series("kasugai_guest_state") == {}


def test_a_service_that_a_processs_incident_disabled_is_told(site: Site) -> None:
    site.play()
    of_process = OutView(segment=SEGMENT, host="cmp1", process="nova-compute")
    site.show(of_process, OutView(segment=SEGMENT, host="cmp2"), replace(of_process, segment="gone"))
    assert site.series("kasugai_host_service_disabled") == {tuple(sorted(HOST.items())): 1}


def test_a_host_that_is_gone_leaves_no_series_behind(site: Site) -> None:
    site.play(*MIDWAY)
    assert site.inventory is not None
    site.inventory.put(replace(HOSTS[1], version=2, deleted=True))
    site.show()
    for name in ("kasugai_host_state", "kasugai_host_protected", "openstack_masakari_host"):
        assert "cmp2" not in str(site.series(name)) and "cmp1" in str(site.series(name))


def test_who_does_not_own_the_views_or_knows_no_inventory_shows_nothing(site: Site) -> None:
    site.play(*MIDWAY)
    names = ("kasugai_host_state", "kasugai_health", "kasugai_guests_down", "openstack_masakari_host")
    assert all(site.series(name) for name in names)
    site.metrics.hide()
    assert not any(site.series(name) for name in names)
    assert site.value("openstack_masakari_up") == 1
    site.show()
    site.inventory = None
    assert not any(site.series(name) for name in names)
    assert site.series("openstack_masakari_up") == {(): 0}


def test_a_new_life_shows_what_the_last_one_remembered(site: Site) -> None:
    site.play(*MIDWAY)
    before = {name: site.series(name) for name in ("kasugai_host_state", "kasugai_guests_down")}
    site.begin()
    site.show()
    assert {name: site.series(name) for name in before} == before


def test_what_was_remembered_by_nobody_of_ours_is_computed_anew(site: Site) -> None:
    site.documents.write("me", Round(board={"incident/x": "rubbish"}))
    with pytest.raises(NotOwner, match="computed anew"):
        site.begin()


def ended(site: Site, **labels: str) -> float:
    return site.value("kasugai_incidents_ended_total", **labels)


def test_an_end_is_counted_once_with_its_phases(site: Site) -> None:
    labels = {"segment": "rack1", "kind": "host"}
    phases = {**labels, "phase": Part.MOVE}
    before = [
        ended(site, **labels, end="recovered"),
        site.value("kasugai_recovery_phase_seconds_count", **phases),
        site.value("kasugai_recovery_phase_seconds_sum", **phases),
        site.value("kasugai_recovery_seconds_sum", **labels, end="recovered"),
    ]
    site.play(*WHOLE)
    site.play(*WHOLE)
    site.begin()
    site.play(*WHOLE)
    after = [
        ended(site, **labels, end="recovered"),
        site.value("kasugai_recovery_phase_seconds_count", **phases),
        site.value("kasugai_recovery_phase_seconds_sum", **phases),
        site.value("kasugai_recovery_seconds_sum", **labels, end="recovered"),
    ]
    # seven records before the host is out (6 s), the last guest lands at 11 s, closed at 14 s
    assert [new - old for new, old in zip(after, before, strict=True)] == [1, 1, 5, 14]


def test_views_that_are_dropped_and_computed_anew_count_no_end_again(site: Site) -> None:
    site.play(*WHOLE)
    labels = {"segment": "rack1", "kind": "host", "end": "recovered"}
    before = ended(site, **labels)
    site.documents.drop()
    assert site.documents.own("me")
    site.begin()
    site.play(*WHOLE)
    assert ended(site, **labels) == before


def test_what_ended_in_anothers_time_is_not_counted(site: Site) -> None:
    other = UUID(int=77)
    story = [replace(value, incident=other) for value in WHOLE]
    late = opened(incident=UUID(int=78), subject=host_subject("cmp2"))
    labels = {"segment": "rack1", "kind": "host", "end": "recovered"}
    before = ended(site, **labels)
    records = came(*story, late)
    topic, stamp, body = records[-1]
    records[-1] = topic, replace(stamp, at=BrokerTime(stamp.at + boards.COUNTED + 60_000)), body
    site.projector.take(records, {})
    while not site.projector.is_done:
        site.projector.project()
    assert ended(site, **labels) == before


@pytest.mark.parametrize(
    ("order", "result", "end"),
    [
        ({"undoes": UUID(int=9)}, Result.RECOVERED, "brought-back"),
        ({"undoes": UUID(int=9), "retired_by": "ann"}, Result.RECOVERED, "retired"),
        ({"undoes": UUID(int=9)}, Result.FAILED, "not-brought-back"),
    ],
)
def test_a_return_is_no_recovery(site: Site, order: dict[str, object], result: Result, end: str) -> None:
    own = UUID(int=hash((end, "of a return")) % 2**64)
    labels = {"segment": "rack1", "kind": "host", "end": end}
    before, timed = ended(site, **labels), site.series("kasugai_recovery_seconds_count")
    reason = Reason.HOST_BACK if result is Result.RECOVERED else Reason.PARTIAL
    site.play(
        replace(OPENED, incident=own),
        opened(incident=own, **order),
        said(FactKind.ADOPTED, incident=own),
        said(FactKind.FINISHED, result=result, reason=reason, incident=own),
        decided(Verb.CLOSE, reason, own),
    )
    assert ended(site, **labels) == before + 1
    assert site.series("kasugai_recovery_seconds_count") == timed


def test_an_end_is_counted_when_its_outcome_has_been_read_too(site: Site) -> None:
    """Verdicts and facts lie in different topics: the close may come first."""
    own = UUID(int=4242)
    story = [replace(value, incident=own) for value in WHOLE]
    labels = {"segment": "rack1", "kind": "host", "end": "recovered"}
    before = ended(site, **labels)
    records = came(*story)
    for batch, counted in ((records[:-2] + records[-1:], 0), (records[-2:-1], 1)):
        site.projector.take(batch, {})
        while not site.projector.is_done:
            site.projector.project()
        assert ended(site, **labels) == before + counted


def test_masakaris_metrics_say_what_the_rest_api_says(site: Site) -> None:
    site.play()
    site.show(OutView(segment=SEGMENT, host="cmp2"))
    assert site.inventory is not None
    rows = [
        shown.host(record, RACK, START, is_out=record.name == "cmp2") for record in site.inventory.hosts()
    ]
    wanted = {
        (row["name"], row["uuid"], str(row["id"]), row["failover_segment"]["name"]): row for row in rows
    }
    for labels in map(dict, site.series("openstack_masakari_host")):
        row = wanted.pop((labels["hostname"], labels["uuid"], labels["id"], labels["failover_segment_name"]))
        assert labels["type"] == row["type"] and labels["control_attributes"] == row["control_attributes"]
        short = {name: labels[name] for name in ("uuid", "hostname", "failover_segment_id")}
        assert site.value("openstack_masakari_host_on_maintenance", **short) == row["on_maintenance"]
        assert site.value("openstack_masakari_host_reserved", **short) == row["reserved"]
    assert wanted == {}
    (segment,) = map(dict, site.series("openstack_masakari_segment"))
    row = shown.segment(RACK)
    assert segment == {name: str(row[name]) for name in segment}
    assert all(metric.prometheus in str(samples(site.address)) for metric in MASAKARI_METRICS)


def test_ten_thousand_hosts_have_a_series_each(site: Site) -> None:
    assert site.inventory is not None
    for n in range(10_000):
        site.inventory.put(HostRecord(host_uuid=f"more-{n}", name=f"more{n}", segment_id=SEGMENT))
    site.play()
    found = site.series("kasugai_host_state")
    assert len(found) == 10_002
    assert found == dict.fromkeys(found, 1)


def of_guest(n: int, *values: Record) -> list[Record]:
    guest = Subject(kind=Kind.INSTANCE, host="cmp1", detail=str(UUID(int=n)))
    return [replace(value, subject=guest, incident=UUID(int=n)) for value in values]


FAILED = said(FactKind.FINISHED, result=Result.FAILED, reason=Reason.PARTIAL)


def test_nothing_is_remembered_for_longer_than_it_matters(site: Site) -> None:
    failed = (OPENED, opened(), FAILED, decided(Verb.CLOSE, Reason.PARTIAL))
    again = [replace(value, incident=UUID(int=5)) for value in failed]
    guest = of_guest(6, *failed)
    ended_well = of_guest(7, OPENED, opened(), decided(Verb.CLOSE, Reason.RECOVERED))
    site.play(*failed, *again, *guest, *ended_well)
    cases = site.projector.board.cases
    assert len(cases) == 4
    site.projector.forget(START + 20_000)
    assert len(cases) == 4, "all ended within the hour"
    site.projector.forget(START + 20_000 + RECENT)
    assert {str(case.incident) for case in cases.values()} == {str(UUID(int=5)), str(UUID(int=6))}
    assert set(site.documents.board()) >= set(cases)
    site.projector.forget(START + 20_000 + boards.FORGOTTEN)
    assert cases == {} and site.documents.board() == {}


def test_words_are_remembered_while_they_stand(site: Site) -> None:
    hold = decided(Verb.HOLD, Reason.STORM, incident=None)
    stranger = replace(
        decided(Verb.IGNORE, Reason.UNKNOWN_SUBJECT, incident=None),
        subject=host_subject("new"),
        segment=UNKNOWN_SEGMENT,
    )
    nothing = replace(decided(Verb.IGNORE, Reason.STALE, incident=None), subject=host_subject("cmp2"))
    site.play(hold, stranger, nothing)
    words = site.projector.board.words
    assert sorted(words) == ["subject/host/cmp1", "subject/host/new"]
    site.projector.forget(START + UNKNOWN_FOR + 2_000)
    assert sorted(words) == ["subject/host/cmp1"] == sorted(site.documents.board())
    site.projector.forget(START + 2 * boards.FORGOTTEN)
    assert sorted(words) == ["subject/host/cmp1"], "it is held still"


def test_what_was_said_of_a_host_is_remembered_as_long_as_its_incidents(site: Site) -> None:
    site.play(decided(Verb.WATCH, Reason.ON_PROBATION, incident=None))
    site.projector.forget(START + boards.FORGOTTEN)
    assert "subject/host/cmp1" in site.projector.board.words
    site.projector.forget(START + boards.FORGOTTEN + 1)
    assert site.projector.board.words == {}


def test_ends_are_not_remembered_for_ever(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(standing_metrics, "REMEMBERED", 1)
    first, second = (
        Ended(case=replace(case_of(view_of(*WHOLE)), incident=UUID(int=n)), spans=()) for n in (1, 2)
    )
    labels = {"segment": "rack1", "kind": "host", "end": "recovered"}
    before = ended(site, **labels)
    for each in (first, first, second, first):
        site.metrics.hear(each)
    assert ended(site, **labels) == before + 3


def test_what_is_kept_is_read_again_exactly() -> None:
    view = view_of(*WHOLE)
    case = case_of(view)
    words = Words(subject=host_subject("cmp1"), segment="s", held=case, stopping=True)
    board = Board({f"incident/{INCIDENT}": text_of(case), "subject/host/cmp1": text_of(words)})
    assert (board.cases, board.words) == ({f"incident/{INCIDENT}": case}, {"subject/host/cmp1": words})
    assert text_of(Words(subject=host_subject("cmp1"), segment="s")) == ""
