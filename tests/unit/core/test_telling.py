"""Telling: a verdict when something changed or when a fault is not covered yet, and never too long a one."""

from dataclasses import replace
from uuid import UUID

from kasugai.core.deciding.rows import RECENT_LIMIT, SubjectRow
from kasugai.core.deciding.telling import put_into_words, remembered, verb_rank
from kasugai.core.words.signals import Fault, Source
from kasugai.core.words.subject import host_subject
from kasugai.core.words.timing import BrokerTime
from kasugai.core.words.verdicts import EVIDENCE_LIMIT, Reason, Verb, Verdict
from tests.unit.core.makers import condition, down, row, uuid_of

SUSPECTED = row(
    verb=Verb.SUSPECT, reason=Reason.FIRST_SIGHTING, conditions=(condition(Source.PEER, since=1),)
)


def told(
    row: SubjectRow, fresh: Fault | None = None, verb: Verb = Verb.SUSPECT
) -> tuple[SubjectRow, tuple[Verdict, ...]]:
    return put_into_words(row, verb, Reason.FIRST_SIGHTING, at=BrokerTime(5), offset=9, fresh=fresh)


def test_what_was_told_before_is_not_told_again() -> None:
    assert told(SUSPECTED) == (SUSPECTED, ())


def test_a_fault_that_no_verdict_covers_yet_makes_one_though_nothing_changed() -> None:
    fresh = down(Source.NOVA)
    after, (verdict,) = told(SUSPECTED, fresh)
    assert after == SUSPECTED
    assert {e.event_id for e in verdict.evidence} == {fresh.event_id, uuid_of(2)}
    assert verdict.count == 2


def test_another_verb_or_reason_is_news_and_becomes_the_last_word() -> None:
    after, (verdict,) = told(SUSPECTED, verb=Verb.HOLD)
    assert (after.verb, after.reason) == (Verb.HOLD, Reason.FIRST_SIGHTING)
    assert (verdict.at, verdict.subject, verdict.segment) == (5, host_subject("cmp1"), "s1")
    _, verdicts = put_into_words(
        SUSPECTED, Verb.SUSPECT, Reason.WAITING_TO_CONFIRM, at=BrokerTime(5), offset=9
    )
    assert len(verdicts) == 1


def test_a_verdict_without_evidence_is_told_all_the_same() -> None:
    _, (verdict,) = told(row())
    assert verdict.evidence == () and verdict.count == 0


def test_what_does_not_fit_makes_a_second_verdict_with_an_id_of_its_own() -> None:
    many = tuple(condition(since=n, observer=f"o{n:03}") for n in range(EVIDENCE_LIMIT + 1))
    _, verdicts = told(row(conditions=many))
    assert [len(verdict.evidence) for verdict in verdicts] == [EVIDENCE_LIMIT, 1]
    assert {verdict.count for verdict in verdicts} == {EVIDENCE_LIMIT + 1}
    assert len({verdict.verdict_id for verdict in verdicts}) == 2
    assert len({e.event_id for verdict in verdicts for e in verdict.evidence}) == EVIDENCE_LIMIT + 1


def test_evidence_has_one_order_whoever_was_heard_first() -> None:
    one, other = condition(since=1), condition(since=2, observer="a")
    assert told(row(conditions=(one, other)))[1] == told(row(conditions=(other, one)))[1]


def test_two_verdicts_of_one_record_about_one_subject_have_two_ids() -> None:
    ids = {told(row(), verb=verb)[1][0].verdict_id for verb in Verb}
    assert len(ids) == len(Verb) == len({verb_rank(verb) for verb in Verb})


def test_a_subject_remembers_the_last_64_faults() -> None:
    said = [down(episode=str(n)).event_id for n in range(RECENT_LIMIT + 1)]
    after = row()
    for name in said:
        after = replace(after, recent=remembered(after, name))
    assert after.recent == tuple(said[1:])


def test_a_verdict_carries_what_else_was_said() -> None:
    incident = UUID(int=5)
    _, (verdict,) = put_into_words(
        row(),
        Verb.HOLD,
        Reason.DISARMED,
        at=BrokerTime(1),
        offset=1,
        incident=incident,
        also=(Reason.MAINTENANCE,),
        detail="word",
    )
    assert (verdict.incident, verdict.also, verdict.detail) == (incident, (Reason.MAINTENANCE,), "word")
