"""Route's letters: every sender's record finds its mailbox, and nobody says what is not theirs to say."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kasugai.core.words.facts import Fact, FactKind, make_fact
from kasugai.core.words.hardware import hardware_subject
from kasugai.core.words.identity import event_id
from kasugai.core.words.inventory import HostRecord, SegmentRecord
from kasugai.core.words.signals import (
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
from kasugai.core.words.subject import (
    INCIDENT_KINDS,
    Kind,
    Subject,
    host_subject,
    process_subject,
    segment_subject,
)
from kasugai.core.words.timing import Millis
from kasugai.schemas.plain import from_json
from kasugai.schemas.topics import (
    COMMANDS,
    FAULTS,
    HEARTBEATS,
    INVENTORY,
    METRICS,
    NOVA,
    POWER,
    RECOVERY,
    REPORTED,
    About,
    contracts,
)
from kasugai.streams.route import SOURCES, TOLD, UNFIT, Misplaced, Route
from kasugai.streams.sayings import Misnamed, Renamed, Unsaid
from tests.strategies import values_of

RACK1, RACK2 = SegmentRecord(segment_id="rack1", name="one"), SegmentRecord(segment_id="rack2", name="two")
CMP1 = HostRecord(host_uuid="uuid-1", name="cmp1", segment_id="rack1")
REPORT = fault(
    host="cmp1", observer="api", source=Source.REPORTED, asserted=True, episode="e1", inventory_offset=41
)
FACT = make_fact(
    Fact(
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
)


def spelt(fault: Fault, **other: Any) -> Fault:
    """Say it otherwise, under the id that follows from that."""
    made = replace(fault, **other)
    return replace(
        made,
        event_id=event_id(made.observer, made.subject.name, made.symptom, made.boot_id, made.episode),
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
        only(route().letters(REPORTED, spelt(REPORT, subject=host_subject("CMP1")))).segment
        == UNKNOWN_SEGMENT
    )
    assert (
        only(route().letters(REPORTED, spelt(REPORT, subject=host_subject("cmp1.domain")))).segment
        == UNKNOWN_SEGMENT
    )


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
    fact = make_fact(replace(FACT, kind=kind))
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
    assert set(SOURCES) == {name for name, topic in contracts().items() if "route" in topic.readers}


NAMES = {Kind.HOST: "", Kind.PROCESS: "nova-compute", Kind.INSTANCE: str(UUID(int=0xABCDEF))}


@pytest.mark.parametrize("topic", TOLD)
@pytest.mark.parametrize("source", Source)
@pytest.mark.parametrize("symptom", Symptom)
@pytest.mark.parametrize("asserted", [False, True], ids=["says", "asserts"])
@pytest.mark.parametrize("observer", ["host/cmp1", "host/cmp2", "api"])
@pytest.mark.parametrize("kind", INCIDENT_KINDS)
def test_a_topic_carries_what_its_contract_says_and_nothing_else(
    topic: str, source: Source, symptom: Symptom, asserted: bool, observer: str, kind: Kind
) -> None:
    """Every kind of witness, with every word, of every kind of subject, in every name that it might give itself."""
    subject = Subject(kind=kind, host="cmp1", detail=NAMES[kind])
    said = spelt(
        REPORT, source=source, symptom=symptom, asserted=asserted, observer=observer, subject=subject
    )
    about = {"host/cmp1": About.ITSELF, "host/cmp2": About.OTHERS}.get(observer, About.ANYONE)
    may = any(
        saying.source is source
        and symptom in saying.symptoms
        and kind in saying.of
        and asserted <= saying.asserts
        and saying.about in (about, About.ANYONE)
        and not (kind is Kind.PROCESS and saying.processes)
        for saying in contracts()[topic].says
    )
    if may:
        assert only(route().letters(topic, said)).signal == replace(said, host_uuid="uuid-1")
    else:
        with pytest.raises(Unsaid, match=topic):
            route().letters(topic, said)


def test_monitoring_speaks_of_no_process_but_of_degraded_hardware() -> None:
    """Of another one its word alone would have a host disabled, or fenced (`process-evacuate`)."""
    word = {"source": Source.METRICS, "asserted": False, "observer": "alertmanager/degraded"}
    hardware = spelt(REPORT, **word, subject=hardware_subject("cmp1"))
    assert only(route().letters(METRICS, hardware)).signal == replace(hardware, host_uuid="uuid-1")
    for name in ("nova-compute", "Hardware", "hardware "):
        other = spelt(REPORT, **word, subject=process_subject("cmp1", name))
        with pytest.raises(Unsaid, match=r"no process on kasugai\.faults\.metrics but hardware"):
            route().letters(METRICS, other)


@pytest.mark.parametrize(
    ("kind", "detail"),
    [
        (Kind.INSTANCE, ""),
        (Kind.INSTANCE, "web1"),
        (Kind.INSTANCE, NAMES[Kind.INSTANCE].upper()),
        (Kind.INSTANCE, NAMES[Kind.INSTANCE].replace("-", "")),
        (Kind.INSTANCE, f"{NAMES[Kind.INSTANCE]}\n"),
        (Kind.INSTANCE, f"{NAMES[Kind.INSTANCE]}/action"),
        (Kind.PROCESS, ""),
        (Kind.HOST, "nova-compute"),
    ],
)
def test_a_subject_under_a_name_that_nothing_of_its_kind_has_is_refused(kind: Kind, detail: str) -> None:
    """A guest in another spelling would be a second one with a budget of its own."""
    said = spelt(REPORT, asserted=False, subject=Subject(kind=kind, host="cmp1", detail=detail))
    with pytest.raises(Misnamed):
        route().letters(REPORTED, said)


@pytest.mark.parametrize("detail", ["nova-compute", "a/b", "/", "../../etc"])
def test_a_process_may_be_called_anything(detail: str) -> None:
    said = spelt(REPORT, asserted=False, subject=Subject(kind=Kind.PROCESS, host="cmp1", detail=detail))
    assert only(route().letters(REPORTED, said)).segment == "rack1"


def test_who_writes_for_agents_is_one_kind_of_witness_that_proves_and_ends_nothing() -> None:
    """One broken-into hypervisor must neither get others shot nor keep the dead from being recovered; with `dumping` it
    may put that off, for as long as the segment's policy says (`dump-wait`)."""
    theirs = [topic for topic in contracts().values() if "agents" in topic.writers]
    others = [saying for topic in theirs for saying in topic.says if saying.about is not About.ITSELF]
    assert [saying.source for saying in others] == [Source.PEER]
    for saying in (saying for topic in theirs for saying in topic.says):
        assert not saying.asserts
        assert saying.symptoms <= {Symptom.DOWN, Symptom.DUMPING, Symptom.CLEAR}


def test_of_a_host_agents_are_one_kind_of_witness() -> None:
    """What an agent sees on its own host is said of processes and guests: of hosts it would be a second kind, and two
    kinds have a host fenced."""
    theirs = [saying for topic in contracts().values() if "agents" in topic.writers for saying in topic.says]
    assert {saying.source for saying in theirs if Kind.HOST in saying.of} == {Source.PEER}
    for kind, topic in FAULTS.items():
        assert {of for saying in contracts()[topic].says for of in saying.of} == {kind}


@pytest.mark.parametrize("topic", [FAULTS[Kind.PROCESS], FAULTS[Kind.INSTANCE]])
def test_an_agent_is_no_second_witness_against_a_host(topic: str) -> None:
    with pytest.raises(Unsaid, match=f"heartbeat may not speak of a host on {topic}"):
        route().letters(topic, spelt(REPORT, source=Source.HEARTBEAT, asserted=False, observer="host/cmp1"))


def test_the_bridge_says_nothing_of_a_hosts_life_or_death() -> None:
    """Failed callers are no witness, so whoever has its login is none either."""
    theirs = [saying for topic in contracts().values() if "bridge" in topic.writers for saying in topic.says]
    of_hosts = [saying for saying in theirs if Kind.HOST in saying.of]
    assert [saying.symptoms for saying in of_hosts] == [{Symptom.FAILING}]
    assert {s for saying in theirs for s in saying.symptoms} == {Symptom.FAILING, Symptom.DOWN, Symptom.CLEAR}
    carried = {t.name for t in contracts().values() if any(Symptom.FAILING in s.symptoms for s in t.says)}
    assert carried == {NOVA}


def test_only_reports_assert_and_only_who_reads_power_or_lifelines_says_off() -> None:
    rows = [(topic.name, saying) for topic in contracts().values() for saying in topic.says]
    assert {name for name, saying in rows if saying.asserts} == {REPORTED}
    assert {(name, saying.source) for name, saying in rows if Symptom.OFF in saying.symptoms} == {
        (POWER, Source.POWER),
        (FAULTS[Kind.HOST], Source.HEARTBEAT),
    }
    assert contracts()[FAULTS[Kind.HOST]].writers == ("liveness",)
    assert not [
        saying for name, saying in rows if name in (POWER, METRICS) and Symptom.ALIVE in saying.symptoms
    ]


@pytest.mark.parametrize("topic", TOLD)
def test_what_its_examples_show_is_taken(topic: str) -> None:
    for example in contracts()[topic].examples:
        assert route().letters(topic, from_json(example.value))


@pytest.mark.parametrize(
    ("topic", "value"),
    [
        pytest.param(REPORTED, replace(REPORT, event_id=UUID(int=7)), id="an id of one's own"),
        pytest.param(
            REPORTED, replace(REPORT, episode="e2"), id="another occurrence under an id that was heard"
        ),
        pytest.param(RECOVERY, replace(FACT, fact_id=UUID(int=7)), id="a fact's"),
        pytest.param(RECOVERY, replace(FACT, epoch=9), id="a fact under another's"),
    ],
)
def test_an_id_that_does_not_follow_from_what_is_said_is_refused(topic: str, value: object) -> None:
    """It would hide what has that id, or be hidden by it."""
    with pytest.raises(Renamed, match=r"its (event|fact) id is .*, what it says gives "):
        route().letters(topic, value)


@given(values_of(Fault, host=st.sampled_from(["cmp1", "cmp2"])), st.sampled_from(TOLD))
def test_no_fault_is_changed_beyond_its_uuid_or_dropped_unsaid(value: Fault, topic: str) -> None:
    try:
        letter = only(route().letters(topic, spelt(value)))
    except UNFIT:
        return
    assert isinstance(letter.signal, Fault)
    assert replace(letter.signal, host_uuid=value.host_uuid) == spelt(value)
    assert (letter.segment == "rack1") == (value.host == "cmp1" and value.host_uuid in ("", "uuid-1"))


@pytest.mark.parametrize(
    ("topic", "value"),
    [
        (INVENTORY, SegmentRecord(segment_id="", name="one")),
        (INVENTORY, HostRecord(host_uuid="uuid-9", name="cmp9", segment_id="")),
        (RECOVERY, replace(FACT, segment="")),
    ],
)
def test_what_names_no_segment_though_it_must_is_a_stranger(topic: str, value: object) -> None:
    """A letter to nobody would vanish in the mailbox: neither a verdict nor a dead letter."""
    with pytest.raises(Misplaced, match=f"names no segment does not belong on {topic}"):
        route().letters(topic, value)
