"""Gates: each says its own word, until when and on whom; all are asked, the first in order is the reason."""

from dataclasses import replace

import pytest

from kasugai.core.deciding.asked import Asked
from kasugai.core.deciding.gates import SEGMENT, Bars, Closed, barring, described, pass_gates
from kasugai.core.deciding.kinds import HOST, KINDS, final_reasons
from kasugai.core.deciding.permits import ARMED, HELD, KNOWN, MAINTAINED
from kasugai.core.deciding.processgates import NOTED
from kasugai.core.deciding.rows import Condition, HostRow, SegmentRow, Word
from kasugai.core.deciding.tally import Tally
from kasugai.core.words.policy import Policy
from kasugai.core.words.signals import Source
from kasugai.core.words.subject import INCIDENT_KINDS, Kind
from kasugai.core.words.timing import BrokerTime, Millis, SteadyTime
from kasugai.core.words.verdicts import Reason, Verb
from tests.unit.core.makers import S, asked, condition, host, moment, row, segment, uuid_of

OPEN = asked(segment=SegmentRow(record=segment()), host=HostRow(record=host()), deadline=60 * S)
DISARMED = replace(OPEN, segment=SegmentRow(record=segment(armed=False)))
BROKEN = replace(OPEN, segment=SegmentRow(record=segment(), undecidable=True))
ASIDE = replace(OPEN, host=HostRow(record=host(on_maintenance=True)))
PROVEN = (condition(Source.NOVA), condition(Source.PEER))
ALONE = (condition(Source.PEER),)
STOPPING = (Bars.EVERYTHING, Bars.BEGINNING)
WORD = Word(command=uuid_of(1), author="ann", reason="power work", at=moment(0))


def answers(about: Asked, conditions: tuple[Condition, ...] = PROVEN) -> tuple[Closed, ...]:
    about = replace(about, row=replace(about.row, conditions=conditions))
    return pass_gates(KINDS[about.row.kind].gates, about)


def closed(about: Asked, conditions: tuple[Condition, ...] = PROVEN) -> tuple[Reason, ...]:
    return tuple(each.reason for each in answers(about, conditions))


def test_a_proven_fault_of_a_known_host_in_an_armed_segment_passes() -> None:
    assert answers(OPEN) == ()


def test_each_gate_has_a_reason_of_its_own() -> None:
    assert closed(replace(OPEN, host=None)) == (Reason.UNKNOWN_SUBJECT,)
    assert closed(replace(OPEN, segment=None)) == (Reason.UNKNOWN_SUBJECT,)
    assert closed(OPEN, ALONE) == (Reason.FIRST_SIGHTING,)
    assert closed(DISARMED) == (Reason.DISARMED,)
    assert closed(BROKEN) == (Reason.UNDECIDABLE,)
    assert closed(ASIDE) == (Reason.MAINTENANCE,)
    for kind in KINDS.values():
        said = [reason for gate in kind.gates for reason in gate.reasons]
        assert len(said) == len(set(said))


def test_each_kind_of_subject_has_a_row_of_its_own() -> None:
    assert set(KINDS) == set(INCIDENT_KINDS) and all(name is kind.name for name, kind in KINDS.items())


@pytest.mark.parametrize(("kind", "named"), [(Kind.INSTANCE, "web1"), (Kind.PROCESS, "nova-compute")])
def test_one_word_about_an_instance_or_a_process_passes(kind: Kind, named: str) -> None:
    assert answers(replace(OPEN, row=row(kind=kind, named=named)), ALONE) == ()


def test_all_gates_are_reported_in_order() -> None:
    both = replace(DISARMED, host=ASIDE.host)
    assert closed(both, ALONE) == (Reason.MAINTENANCE, Reason.FIRST_SIGHTING, Reason.DISARMED)


def test_the_first_closed_gate_gives_the_verb() -> None:
    assert answers(DISARMED, ALONE)[0].verb is Verb.SUSPECT
    assert answers(DISARMED)[0].verb is Verb.HOLD
    assert answers(replace(OPEN, host=None), ALONE)[0].verb is Verb.IGNORE


def test_what_an_incident_explained_proves_nothing_again() -> None:
    explained = (replace(PROVEN[0], explained=True), PROVEN[1])
    assert closed(OPEN, explained) == (Reason.FIRST_SIGHTING,)


def test_the_segments_policy_counts_and_the_default_where_there_is_none() -> None:
    strict = Policy(confirm_observers=3)
    about = replace(OPEN, segment=SegmentRow(record=segment(policy=strict)))
    assert closed(about) == (Reason.WAITING_FOR_WITNESSES,)
    assert replace(OPEN, segment=None).policy == Policy()


def test_a_gate_says_until_when_it_is_closed() -> None:
    date = host(on_maintenance=True, maintenance_until=90 * S)
    dated = replace(OPEN, host=HostRow(record=date), struck=BrokerTime(60 * S), blind=Millis(5 * S))
    answer = MAINTAINED.ask(dated)
    assert answer is not None and answer.until == 85 * S, "the steady clock is 5 s behind the broker's"
    assert MAINTAINED.ask(replace(dated, struck=BrokerTime(90 * S))) is None
    endless = MAINTAINED.ask(ASIDE)
    assert endless is not None and endless.until is None
    (early,) = answers(replace(OPEN, deadline=SteadyTime(3 * S)))
    assert (early.reason, early.until) == (Reason.WAITING_TO_CONFIRM, 4 * S)


def test_a_gate_says_on_whom_it_is_closed() -> None:
    held = replace(OPEN, row=row(hold=WORD))
    for gate, about, on in (
        (KNOWN, replace(OPEN, host=None), {SEGMENT, described("cmp1")}),
        (MAINTAINED, ASIDE, {described("cmp1")}),
        (ARMED, DISARMED, {SEGMENT}),
        (HELD, held, {"host/cmp1"}),
    ):
        answer = gate.ask(about)
        assert answer is not None and answer.on == on


def test_what_a_proof_waits_for_is_its_own_subject_and_no_time_where_no_segment_is_known() -> None:
    (alone,) = answers(OPEN, ALONE)
    assert alone.until == 600 * S and alone.on == {"host/cmp1"}
    unknown = answers(replace(OPEN, segment=None), ALONE)
    assert unknown[-1].reason is Reason.FIRST_SIGHTING and unknown[-1].until is None


def test_an_open_incident_goes_on_where_all_is_allowed_and_says_what_forbids_it() -> None:
    def forbids(about: Asked) -> Reason | None:
        answer = barring(HOST.gates, about, *STOPPING)
        return answer.reason if answer else None

    assert forbids(OPEN) is None
    assert forbids(replace(OPEN, host=None)) is Reason.UNKNOWN_SUBJECT
    assert forbids(replace(DISARMED, host=ASIDE.host)) is Reason.DISARMED
    assert forbids(BROKEN) is Reason.UNDECIDABLE
    assert forbids(ASIDE) is Reason.MAINTENANCE


def test_what_stops_more_speaks_first_so_that_a_host_that_is_deleted_hides_no_disarm() -> None:
    gone = replace(DISARMED, host=None)
    assert closed(gone)[0] is Reason.UNKNOWN_SUBJECT
    answer = barring(HOST.gates, gone, *STOPPING)
    assert answer is not None and answer.reason is Reason.DISARMED


def test_a_storm_stops_nothing_and_lets_nothing_be_published_before_it_has_begun() -> None:
    crowd = Tally.of(
        [HostRow(record=host(name)) for name in ("cmp1", "cmp2")],
        [row(subject=f"host/{name}", host=name, conditions=PROVEN) for name in ("cmp1", "cmp2")],
    )
    stormy = replace(OPEN, tally=crowd)
    assert barring(HOST.gates, stormy, *STOPPING) is None
    answer = barring(HOST.gates, stormy, *STOPPING, Bars.PUBLISHING)
    assert answer is not None and (answer.reason, answer.detail) == (
        Reason.APPROVAL_NEEDED,
        "2 of 2 hosts are unhealthy",
    )


def test_who_reported_what_nothing_comes_of_is_told_so() -> None:
    noted = {Reason.PROCESS_NOTED, Reason.DEGRADED_NOTED}
    assert final_reasons() == {Reason.DISARMED, Reason.UNKNOWN_SUBJECT, *noted}
    assert NOTED.final and not HELD.final
