"""Route's letters: every sender's record finds its mailbox, and nobody says what is not theirs to say."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kasugai.core.words.facts import Fact, FactKind
from kasugai.core.words.inventory import HostRecord, SegmentRecord
from kasugai.core.words.signals import (
    LONGEST,
    UNKNOWN_SEGMENT,
    Command,
    Fault,
    Instruction,
    InventoryChange,
    Letter,
    Outcome,
    Source,
    Symptom,
    Tick,
    fault,
)
from kasugai.core.words.subject import INCIDENT_KINDS, Kind, host_subject, segment_subject
from kasugai.core.words.timing import Millis
from kasugai.schemas.topics import COMMANDS, FAULTS, HEARTBEATS, INVENTORY, RECOVERY, REPORTED
from kasugai.streams.route import SOURCES, Misplaced, Overlong, Route
from tests.strategies import values_of

RACK1, RACK2 = SegmentRecord(segment_id="rack1", name="one"), SegmentRecord(segment_id="rack2", name="two")
CMP1 = HostRecord(host_uuid="uuid-1", name="cmp1", segment_id="rack1")
REPORT = fault(
    host="cmp1", observer="api", source=Source.REPORTED, asserted=True, episode="e1", inventory_offset=41
)
FACT = Fact(
    fact_id=UUID(int=1),
    kind=FactKind.ADOPTED,
    incident=UUID(int=2),
    segment="rack9",
    subject=host_subject("cmp1"),
    attempt=1,
    epoch=1,
    author="w",
    n=1,
)


def route(*records: SegmentRecord | HostRecord) -> Route:
    """A route that has learned these."""
    made = Route()
    for record in records or (RACK1, RACK2, CMP1):
        made.learn(record)
    return made


def only(letters: list[Letter]) -> Letter:
    """The one letter."""
    (letter,) = letters
    return letter


def test_a_fault_goes_to_its_hosts_segment_and_gets_the_uuid() -> None:
    letter = only(route().letters(REPORTED, REPORT))
    assert letter == Letter(segment="rack1", signal=replace(REPORT, host_uuid="uuid-1"))


@pytest.mark.parametrize(
    "known",
    [
        pytest.param((RACK1, RACK2), id="no such host"),
        pytest.param((RACK1, CMP1, replace(CMP1, version=2, deleted=True)), id="host deleted"),
        pytest.param((CMP1,), id="no such segment"),
        pytest.param((RACK1, CMP1, replace(RACK1, version=2, deleted=True)), id="segment deleted"),
        pytest.param((RACK1, CMP1, replace(CMP1, version=2, name="cmp1.domain")), id="renamed"),
        pytest.param((RACK1, replace(CMP1, host_uuid="uuid-7")), id="another host of that name"),
    ],
)
def test_a_fault_that_fits_no_known_host_is_not_dropped(
    known: tuple[SegmentRecord | HostRecord, ...],
) -> None:
    claim = replace(REPORT, host_uuid="uuid-1")
    assert only(route(*known).letters(REPORTED, claim)) == Letter(segment=UNKNOWN_SEGMENT, signal=claim)


def test_a_host_of_that_name_is_found_byte_for_byte() -> None:
    assert (
        only(route().letters(REPORTED, replace(REPORT, subject=host_subject("CMP1")))).segment
        == UNKNOWN_SEGMENT
    )
    assert (
        only(route().letters(REPORTED, replace(REPORT, subject=host_subject("cmp1.domain")))).segment
        == UNKNOWN_SEGMENT
    )


@pytest.mark.parametrize("topic", FAULTS.values())
def test_an_assertion_counts_only_from_the_topic_of_reports(topic: str) -> None:
    signal = only(route().letters(topic, REPORT)).signal
    assert isinstance(signal, Fault)
    assert not signal.asserted
    assert signal.event_id == REPORT.event_id


def test_a_report_waits_for_the_inventory_that_its_sender_had_seen_and_nothing_else_does() -> None:
    assert route().wanted(REPORTED, REPORT) == 41
    assert route().wanted(FAULTS[Kind.HOST], REPORT) == -1
    assert route().wanted(RECOVERY, FACT) == -1


def test_a_command_goes_to_the_segment_that_it_names() -> None:
    command = Command(
        command_id=UUID(int=3), order=Instruction.ARM, segment="rack2", author="me", reason="drill"
    )
    assert only(route().letters(COMMANDS, command)) == Letter(segment="rack2", signal=command)


def test_a_command_that_names_no_segment_is_refused_by_the_mailbox_of_the_unknown() -> None:
    command = Command(command_id=UUID(int=3), order=Instruction.ARM, segment="", author="me", reason="drill")
    assert only(route().letters(COMMANDS, command)) == Letter(segment=UNKNOWN_SEGMENT, signal=command)


@pytest.mark.parametrize("kind", FactKind)
def test_outcomes_go_to_the_segment_that_they_carry_and_other_facts_stay_where_they_are(
    kind: FactKind,
) -> None:
    fact = replace(FACT, kind=kind)
    expected = [Letter(segment="rack9", signal=Outcome(fact=fact))] if kind.is_outcome else []
    assert route().letters(RECOVERY, fact) == expected


def test_a_description_goes_to_its_segment() -> None:
    assert only(route().letters(INVENTORY, RACK1)) == Letter(
        segment="rack1", signal=InventoryChange(record=RACK1)
    )
    assert only(route().letters(INVENTORY, CMP1)) == Letter(
        segment="rack1", signal=InventoryChange(record=CMP1)
    )


def test_a_former_segment_is_told_that_the_host_is_gone() -> None:
    moved = replace(CMP1, segment_id="rack2", version=2)
    gone, here = route(RACK1, RACK2, CMP1, moved).letters(INVENTORY, moved)
    assert gone == Letter(
        segment="rack1", signal=InventoryChange(record=replace(CMP1, version=2, deleted=True))
    )
    assert here == Letter(segment="rack2", signal=InventoryChange(record=moved))


def test_a_host_that_moved_back_is_not_gone_from_where_it_is() -> None:
    there, back = replace(CMP1, segment_id="rack2", version=2), replace(CMP1, version=3)
    gone, here = route(RACK1, RACK2, CMP1, there, back).letters(INVENTORY, back)
    assert (gone.segment, here.segment) == ("rack2", "rack1")
    assert here.signal == InventoryChange(record=back)


def test_a_renamed_host_is_gone_under_its_old_name() -> None:
    renamed = replace(CMP1, name="cmp1.domain", version=2)
    gone, here = route(RACK1, CMP1, renamed).letters(INVENTORY, renamed)
    assert gone.signal == InventoryChange(record=replace(CMP1, version=2, deleted=True))
    assert here.signal == InventoryChange(record=renamed)


def test_the_whole_inventory_names_segments_before_their_hosts_and_nothing_deleted() -> None:
    dead = HostRecord(host_uuid="uuid-2", name="cmp2", segment_id="rack2", deleted=True)
    letters = route(CMP1, RACK1, RACK2, dead).whole_inventory()
    assert [letter.signal for letter in letters] == [InventoryChange(record=r) for r in (RACK1, RACK2, CMP1)]


@pytest.mark.parametrize(
    ("topic", "value"),
    [
        (REPORTED, Tick(period=Millis(500))),
        (INVENTORY, REPORT),
        (RECOVERY, RACK1),
        (COMMANDS, FACT),
        (HEARTBEATS, REPORT),
    ],
)
def test_a_stranger_on_a_topic_is_refused(topic: str, value: object) -> None:
    with pytest.raises(Misplaced, match=topic):
        route().letters(topic, value)


@pytest.mark.parametrize(
    ("topic", "value"),
    [
        *(
            (topic, replace(REPORT, subject=segment_subject("rack1")))
            for topic in (REPORTED, *FAULTS.values())
        ),
        (
            COMMANDS,
            Command(
                command_id=UUID(int=3),
                order=Instruction.APPROVE,
                segment="rack1",
                author="me",
                reason="drill",
                subject=segment_subject("rack1"),
            ),
        ),
        (RECOVERY, replace(FACT, subject=segment_subject("rack1"))),
    ],
)
def test_what_no_incident_can_be_about_never_reaches_a_mailbox(topic: str, value: object) -> None:
    """One such record would be undecidable, and correlate disarms a segment for what it cannot decide."""
    with pytest.raises(Misplaced, match="segment/rack1 does not belong on"):
        route().letters(topic, value)


def test_it_reads_what_the_contracts_say() -> None:
    from kasugai.schemas.topics import contracts

    assert set(SOURCES) == {name for name, topic in contracts().items() if "route" in topic.readers}


@pytest.mark.parametrize("topic", FAULTS.values())
@pytest.mark.parametrize(
    ("source", "symptom", "counted"),
    [
        (Source.POWER, Symptom.OFF, (Source.PEER, Symptom.DOWN)),
        (Source.POWER, Symptom.ALIVE, (Source.PEER, Symptom.ALIVE)),
        (Source.REPORTED, Symptom.DOWN, (Source.PEER, Symptom.DOWN)),
        (Source.NOVA, Symptom.OFF, (Source.NOVA, Symptom.DOWN)),
        (Source.HEARTBEAT, Symptom.CLEAR, (Source.HEARTBEAT, Symptom.CLEAR)),
    ],
)
def test_an_agent_bears_witness_and_neither_asserts_nor_proves(
    topic: str, source: Source, symptom: Symptom, counted: tuple[Source, Symptom]
) -> None:
    said = replace(REPORT, source=source, symptom=symptom)
    heard = only(route().letters(topic, said)).signal
    assert isinstance(heard, Fault)
    assert (heard.source, heard.symptom, heard.asserted) == (*counted, False)
    assert only(route().letters(REPORTED, said)).signal == replace(said, host_uuid="uuid-1")


@given(
    values_of(Fault, host=st.sampled_from(["cmp1", "cmp2"])), st.sampled_from([*FAULTS.values(), REPORTED])
)
def test_no_fault_is_dropped_and_none_is_changed_beyond_its_uuid_and_what_an_agent_may_not_say(
    value: Fault, topic: str
) -> None:
    if value.subject.kind not in INCIDENT_KINDS:
        with pytest.raises(Misplaced):
            route().letters(topic, value)
        return
    letter = only(route().letters(topic, value))
    assert isinstance(letter.signal, Fault)
    said = replace(letter.signal, host_uuid=value.host_uuid)
    if topic == REPORTED:
        assert said == value
    else:
        assert said == replace(value, asserted=False, symptom=said.symptom, source=said.source)
        assert said.symptom is (Symptom.DOWN if value.symptom is Symptom.OFF else value.symptom)
        proves = value.source in (Source.POWER, Source.REPORTED)
        assert said.source is (Source.PEER if proves else value.source)
    assert (letter.segment == "rack1") == (value.host == "cmp1" and value.host_uuid in ("", "uuid-1"))


@pytest.mark.parametrize("field", ["host", "host_uuid", "detail", "observer", "boot_id", "episode"])
@pytest.mark.parametrize("topic", [REPORTED, *FAULTS.values()])
def test_a_fault_with_an_endless_name_is_refused(topic: str, field: str) -> None:
    """Rows and verdicts repeat the names of all witnesses: one that no broker takes would end correlate for ever."""
    assert route().letters(topic, _named(field, "x" * LONGEST))
    with pytest.raises(Overlong, match=f"{field} has 256 characters"):
        route().letters(topic, _named(field, "x" * (LONGEST + 1)))


def _named(field: str, name: str) -> Fault:
    """The report with another name in one of its fields, or in one of its subject's."""
    given: dict[str, Any] = {field: name}
    if field in ("host", "detail"):
        return replace(REPORT, subject=replace(REPORT.subject, **given))
    return replace(REPORT, **given)
