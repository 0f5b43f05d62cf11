"""Gates: each says its own word, all are asked, the first in order is the reason."""

from dataclasses import replace

from kasugai.core.deciding.gates import Setting, may_act, pass_gates
from kasugai.core.deciding.rows import Condition, HostRow, SegmentRow
from kasugai.core.words.policy import Policy
from kasugai.core.words.signals import Source
from kasugai.core.words.subject import Kind
from kasugai.core.words.verdicts import Reason, Verb
from tests.unit.core.makers import S, condition, host, row, segment

OPEN = Setting(segment=SegmentRow(record=segment()), host=HostRow(record=host()), deadline=60 * S)
DISARMED = replace(OPEN, segment=SegmentRow(record=segment(armed=False)))
BROKEN = replace(OPEN, segment=SegmentRow(record=segment(), undecidable=True))
ASIDE = replace(OPEN, host=HostRow(record=host(on_maintenance=True)))
PROVEN = (condition(Source.NOVA), condition(Source.PEER))
ALONE = (condition(Source.PEER),)


def closed(setting: Setting, conditions: tuple[Condition, ...] = PROVEN) -> tuple[Reason, ...]:
    return pass_gates(row(conditions=conditions), setting).closed


def test_a_proven_fault_of_a_known_host_in_an_armed_segment_passes() -> None:
    passage = pass_gates(row(conditions=PROVEN), OPEN)
    assert passage.closed == () and passage.proof is Reason.CONFIRMED


def test_each_gate_has_a_reason_of_its_own() -> None:
    assert closed(replace(OPEN, host=None)) == (Reason.UNKNOWN_SUBJECT,)
    assert closed(replace(OPEN, segment=None)) == (Reason.UNKNOWN_SUBJECT,)
    assert closed(OPEN, ALONE) == (Reason.FIRST_SIGHTING,)
    assert closed(DISARMED) == (Reason.DISARMED,)
    assert closed(BROKEN) == (Reason.UNDECIDABLE,)
    assert closed(ASIDE) == (Reason.MAINTENANCE,)


def test_instances_and_processes_have_no_pool_yet() -> None:
    for kind in (Kind.INSTANCE, Kind.PROCESS):
        passage = pass_gates(row(kind=kind, conditions=PROVEN), OPEN)
        assert passage.closed == (Reason.NO_POOL,) and passage.verb is Verb.IGNORE


def test_all_gates_are_reported_in_order() -> None:
    setting = replace(DISARMED, host=ASIDE.host)
    assert closed(setting, ALONE) == (Reason.MAINTENANCE, Reason.FIRST_SIGHTING, Reason.DISARMED)


def test_the_first_closed_gate_gives_the_verb() -> None:
    assert pass_gates(row(conditions=ALONE), DISARMED).verb is Verb.SUSPECT
    assert pass_gates(row(conditions=PROVEN), DISARMED).verb is Verb.HOLD
    assert pass_gates(row(conditions=ALONE), replace(OPEN, host=None)).verb is Verb.IGNORE


def test_what_an_incident_explained_proves_nothing_again() -> None:
    explained = (replace(PROVEN[0], explained=True), PROVEN[1])
    assert closed(OPEN, explained) == (Reason.FIRST_SIGHTING,)


def test_the_segments_policy_counts_and_the_default_where_there_is_none() -> None:
    strict = Policy(confirm_observers=3)
    setting = replace(OPEN, segment=SegmentRow(record=segment(policy=strict)))
    assert closed(setting) == (Reason.WAITING_FOR_WITNESSES,)
    assert replace(OPEN, segment=None).policy == Policy()


def test_an_open_incident_goes_on_where_all_is_allowed_and_says_what_forbids_it() -> None:
    assert may_act(row(), OPEN) is None
    assert may_act(row(), replace(DISARMED, host=None)) is Reason.UNKNOWN_SUBJECT
    assert may_act(row(), replace(DISARMED, host=ASIDE.host)) is Reason.DISARMED
    assert may_act(row(), BROKEN) is Reason.UNDECIDABLE
    assert may_act(row(), ASIDE) is Reason.MAINTENANCE
