"""Masakari's versioned notifications: what is announced about the inventory and about notifications, and when not."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from kasugai.adapters.inventory import Conflict, Description, Inventory
from kasugai.api.announcements import Announcement
from kasugai.api.announcing import AnnouncingRegistry, AnnouncingReports, processing, recovering
from kasugai.api.projection.projector import Came, Projector
from kasugai.api.recoveries import Cause, RecoveryView, State
from kasugai.api.reporting import view_of
from kasugai.api.views import NotificationView, Status
from kasugai.core.recovering.doors import LogAway
from kasugai.core.words.inventory import HostRecord, SegmentRecord
from kasugai.core.words.signals import Stamp
from kasugai.core.words.timing import BrokerTime
from tests.support.api_doors import MemoryRegistry, MemoryReports
from tests.support.incidents import BANK, OPENED, SHOP, WHOLE
from tests.support.memory_documents import MemoryDocuments
from tests.support.projections import came, naming, posted

RACK = SegmentRecord(segment_id="s1", name="rack1")
HOST = HostRecord(host_uuid="h1", name="cmp1", segment_id="s1")
POSTED = posted()


class Heard:
    """Keeps what was announced."""

    def __init__(self) -> None:
        self.said: list[Announcement] = []

    def announce(self, said: Announcement) -> None:
        self.said.append(said)

    @property
    def events(self) -> list[str]:
        return [said.event_type for said in self.said]


def registry() -> tuple[AnnouncingRegistry, Heard, MemoryRegistry]:
    heard, memory = Heard(), MemoryRegistry()
    return AnnouncingRegistry(memory, heard), heard, memory


def data(said: Announcement) -> dict[str, object]:
    inner = said.payload["masakari_object.data"]
    assert isinstance(inner, dict)
    return inner


def test_a_segments_life_is_announced_with_its_ids() -> None:
    doors, heard, _ = registry()
    doors.edit(lambda _: [RACK])
    doors.edit(lambda _: [replace(RACK, version=2, description="by the window")])
    doors.edit(lambda _: [replace(RACK, version=3, deleted=True)])
    assert heard.events == [
        f"segment.{action}.{phase}" for action in ("create", "update", "delete") for phase in ("start", "end")
    ]
    start, end = heard.said[:2]
    assert (data(start)["id"], data(start)["uuid"]) == (None, "s1")
    assert end.payload == {
        "masakari_object.name": "SegmentApiPayload",
        "masakari_object.namespace": "masakari",
        "masakari_object.version": "1.1",
        "masakari_object.data": {
            "id": 1,
            "uuid": "s1",
            "name": "rack1",
            "service_type": "compute",
            "description": None,
            "recovery_method": "auto",
            "enabled": True,
            "fault": None,
        },
    }
    assert data(heard.said[3])["description"] == "by the window"


def test_a_host_is_announced_with_its_segment_inside() -> None:
    doors, heard, _ = registry()
    doors.edit(lambda _: [RACK])
    doors.edit(lambda _: [HOST])
    said = heard.said[-1]
    assert (said.event_type, said.publisher, said.is_error) == ("host.create.end", "masakari-api", False)
    inner = data(said)
    assert set(inner) == {
        *("id", "uuid", "name", "failover_segment", "type", "reserved"),
        *("control_attributes", "on_maintenance", "fault"),
    }
    segment = inner["failover_segment"]
    assert isinstance(segment, dict)
    assert segment["masakari_object.name"] == "FailoverSegment"
    assert segment["masakari_object.data"]["name"] == "rack1"


def test_a_segment_that_goes_with_its_hosts_is_one_announcement() -> None:
    doors, heard, _ = registry()
    doors.edit(lambda _: [RACK, HOST])
    heard.said.clear()
    gone: list[Description] = [replace(HOST, version=2, deleted=True), replace(RACK, version=2, deleted=True)]
    doors.edit(lambda _: gone)
    assert heard.events == ["segment.delete.start", "segment.delete.end"]


def test_what_is_refused_ends_in_an_error_with_its_fault() -> None:
    doors, heard, _ = registry()
    doors.edit(lambda _: [RACK])
    heard.said.clear()
    with pytest.raises(Conflict):
        doors.edit(lambda _: [replace(RACK, segment_id="s2")])
    assert heard.events == ["segment.create.start", "segment.create.error"]
    fault = data(heard.said[-1])["fault"]
    assert isinstance(fault, dict) and heard.said[-1].is_error
    told = fault["masakari_object.data"]
    assert told["exception"] == "Conflict" and "another one has that name" in told["exception_message"]


def test_what_never_began_is_not_announced() -> None:
    doors, heard, _ = registry()

    def refuse(_: Inventory) -> Sequence[SegmentRecord]:
        raise Conflict("busy")

    with pytest.raises(Conflict):
        doors.edit(refuse)
    assert heard.said == []


def test_a_change_that_is_made_again_is_started_once() -> None:
    """Another writer came between: the inventory asks a second time what shall be written."""
    doors, heard, memory = registry()

    class Twice(MemoryRegistry):
        def edit(self, edit: object) -> Inventory:
            assert callable(edit)
            edit(memory.inventory)
            return memory.edit(edit)

    AnnouncingRegistry(Twice(), heard).edit(lambda _: [RACK])
    assert heard.events == ["segment.create.start", "segment.create.end"]
    assert doors.known().segment("s1") is not None


def test_an_accepted_notification_is_announced_with_its_number() -> None:
    heard = Heard()
    AnnouncingReports(MemoryReports(), heard).report(POSTED)
    assert heard.events == ["notification.create.start", "notification.create.end"]
    inner = data(heard.said[-1])
    assert (inner["id"], inner["status"], inner["type"]) == (1000, "new", "COMPUTE_HOST")
    assert inner["notification_uuid"] == data(heard.said[0])["notification_uuid"] != ""
    assert str(inner["generated_time"]).endswith("Z")


def test_one_that_kafka_did_not_take_is_an_error_and_a_plain_fault_is_nobodys_business() -> None:
    heard = Heard()
    with pytest.raises(LogAway):
        AnnouncingReports(MemoryReports(is_away=True), heard).report(POSTED)
    assert heard.events == ["notification.create.start", "notification.create.error"]
    heard.said.clear()
    AnnouncingReports(MemoryReports(), heard).report(replace(POSTED, notification=None))
    assert heard.said == []


def view(status: Status) -> NotificationView:
    assert POSTED.notification is not None
    made = view_of(POSTED, POSTED.notification, Stamp(partition=0, offset=0, at=BrokerTime(1)))
    return replace(made, status=status, message="told")


@pytest.mark.parametrize(
    ("before", "after", "events"),
    [
        (Status.NEW, Status.RUNNING, ["start"]),
        (Status.NEW, Status.FINISHED, ["start", "end"]),
        (Status.NEW, Status.IGNORED, []),
        (Status.NEW, Status.NEW, []),
        (Status.RUNNING, Status.FINISHED, ["end"]),
        (Status.RUNNING, Status.ERROR, ["error"]),
        (Status.ERROR, Status.RUNNING, []),
        (Status.ERROR, Status.FAILED, ["error"]),
    ],
)
def test_processing_is_announced_when_a_status_changes(
    before: Status, after: Status, events: list[str]
) -> None:
    said = processing(view(before), view(after))
    assert [each.event_type for each in said] == [f"notification.process.{event}" for event in events]
    assert {each.publisher for each in said} <= {"masakari-engine"}
    assert all((data(each)["fault"] is not None) is each.is_error for each in said)
    assert all(data(each)["status"] == after for each in said)


def project(documents: MemoryDocuments, batches: Sequence[Sequence[Came]]) -> Heard:
    """Show each batch before the next one comes, and return what was announced."""
    heard = Heard()
    documents.own("me")
    projector = Projector(documents, "me", announcer=heard)
    for number, batch in enumerate(batches):
        projector.take(
            [
                (topic, replace(stamp, partition=number, at=BrokerTime(stamp.at + 10_000 * number)), body)
                for topic, stamp, body in batch
            ],
            {},
        )
        while not projector.is_done:
            projector.project()
    return heard


def test_the_projector_tells_what_changes_and_a_rebuild_tells_nothing() -> None:
    first, rest = came(POSTED), came(naming(OPENED, POSTED), *WHOLE[1:])

    told = project(MemoryDocuments(), [first, rest]).events
    assert told == ["notification.process.start", "notification.process.end"]
    assert project(MemoryDocuments(), [[*first, *rest]]).events == []


def row(state: State) -> RecoveryView:
    return RecoveryView(
        recovery="r",
        server="s",
        name="web1",
        cause=Cause.HOST,
        state=state,
        why="not-marked" if state is State.LEFT else "",
        opened_at=1_000,
        began_at=2_999,
        incident="secret-incident",
        host="secret-host",
        destination="secret-destination",
        reason="secret reason",
    )


@pytest.mark.parametrize(
    ("before", "after", "is_open", "events"),
    [
        (State.WAITING, State.RECOVERING, True, ["start"]),
        (State.WAITING, State.RECOVERED, False, ["start", "end"]),
        (State.WAITING, State.WAITING, True, []),
        (State.WAITING, State.LEFT, False, ["end"]),
        (State.RECOVERING, State.RECOVERED, True, ["end"]),
        (State.RECOVERING, State.FAILED, True, ["error"]),
        (State.FAILED, State.RECOVERING, True, []),
        (State.FAILED, State.RECOVERED, True, ["end"]),
        (None, State.WAITING, True, []),
        (None, State.LEFT, True, ["end"]),
        (None, State.RECOVERING, True, ["start"]),
        (None, State.RECOVERED, False, []),
        (None, State.LEFT, False, []),
    ],
)
def test_a_project_is_told_when_the_recovery_of_its_server_changes(
    before: State | None, after: State, is_open: bool, events: list[str]
) -> None:
    shown = None if before is None else row(before)
    said = recovering("shop", shown, row(after), is_open=is_open)
    assert [each.event_type for each in said] == [f"instance.recovery.{event}" for event in events]
    for each in said:
        assert each.publisher == "masakari-engine" and each.is_error is (after is State.FAILED)
        inner = data(each)
        assert (inner["project_id"], inner["tenant_id"], inner["state"]) == ("shop", "shop", after)
        assert (inner["opened_at"], inner["ended_at"]) == ("1970-01-01T00:00:01Z", None)
        assert each.payload["masakari_object.namespace"] == "kasugai" and "secret" not in str(each.payload)


def test_the_projector_tells_each_project_of_its_servers_alone() -> None:
    parts = came(*WHOLE[:4]), came(*WHOLE[4:9]), came(*WHOLE[9:])
    heard = project(MemoryDocuments(), parts)
    told = [(data(each)["instance_uuid"], data(each)["project_id"], each.event_type) for each in heard.said]
    assert told == [
        ("old1", SHOP, "instance.recovery.end"),
        ("job", BANK, "instance.recovery.start"),
        ("web", SHOP, "instance.recovery.start"),
        ("job", BANK, "instance.recovery.end"),
        ("web", SHOP, "instance.recovery.end"),
    ]
    assert project(MemoryDocuments(), [came(*WHOLE)]).events == []
