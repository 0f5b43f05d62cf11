"""The ledger: the fold of an attempt's facts, whatever is delivered again, late, or by a fenced owner."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kasugai.core.recovering.ledger import Entry, Flag, apply, flag_of, fold, join, newer, touched_priors
from kasugai.core.recovering.look import Look
from kasugai.core.recovering.planning import plan
from kasugai.core.words.epochs import FIRST, KEPT, LEAP
from kasugai.core.words.facts import Fact, FactKind, Result, StepState
from kasugai.core.words.incident import Resume, Stop
from kasugai.core.words.plan import Plan, Prior
from kasugai.core.words.subject import host_subject
from kasugai.core.words.timing import BrokerTime, MonoTime
from tests.unit.core.makers import INCIDENT, fact, guest, order, record, uuid_of
from tests.unit.core.scripts import examples

EMPTY = Entry(incident=INCIDENT)
KEY = "evacuate:g1"


def made(*guests: str, epoch: int = 1, attempt: int = 1, power: int = 1) -> Plan:
    state = "active" if power == 1 else "stopped"
    look = Look(at=MonoTime(0), guests={g: guest(g, vm_state=state, power_state=power) for g in guests})
    return plan(order(attempt=attempt), look, epoch, {})


def after(*facts: Fact, entry: Entry = EMPTY) -> Entry:
    """Return the entry after the facts, each of an owner that has adopted before it says anything."""
    for each in facts:
        if each.epoch > entry.epoch:
            entry = apply(entry, replace(each, kind=FactKind.ADOPTED, step=None, plan=None))
        entry = apply(entry, each)
    return entry


def step(kind: FactKind, tries: int = 1, epoch: int = 1, attempt: int = 1, key: str = KEY) -> Fact:
    state = {
        FactKind.STARTED: StepState.STARTED,
        FactKind.UNSURE: StepState.UNSURE,
        FactKind.DONE: StepState.DONE,
        FactKind.FAILED: StepState.FAILED,
        FactKind.ABSOLVED: StepState.ABSOLVED,
    }[kind]
    said = record(key, state, tries=tries, epoch=epoch, attempt=attempt)
    return fact(kind, epoch=epoch, attempt=attempt, step=said)


def test_an_incident_that_was_unknown_is_added_with_its_host() -> None:
    other = fact(FactKind.ADOPTED, incident=uuid_of(2), epoch=4)
    entries = fold({}, [fact(FactKind.ADOPTED), other])
    assert {entry.incident: entry.epoch for entry in entries.values()} == {INCIDENT: 1, uuid_of(2): 4}
    assert entries[INCIDENT].subject == host_subject("cmp1")


def test_a_lower_epoch_counts_only_if_it_says_done() -> None:
    owned = after(fact(FactKind.ADOPTED, epoch=1), fact(FactKind.ADOPTED, epoch=2))
    assert after(step(FactKind.STARTED), entry=owned) == owned
    assert after(fact(FactKind.FINISHED, result=Result.RECOVERED), entry=owned) == owned
    assert after(step(FactKind.DONE), entry=owned).steps[KEY].state is StepState.DONE
    assert after(step(FactKind.DONE), entry=owned).epoch == 2


@pytest.mark.parametrize("kind", [kind for kind in FactKind if kind is not FactKind.ADOPTED])
@pytest.mark.parametrize(
    ("epoch", "author"),
    [(1, "somebody"), (2, "somebody"), (3, "w1"), (10**9, "w1"), (0, "w1")],
    ids=["done in another's name", "an owner's epoch", "an epoch to come", "one far away", "none"],
)
def test_who_has_not_adopted_is_not_heard(kind: FactKind, epoch: int, author: str) -> None:
    """A fence that somebody says is done, an incident that somebody says is over, steps that never began."""
    owned = after(fact(FactKind.ADOPTED, epoch=1), fact(FactKind.ADOPTED, epoch=2))
    done = record("fence:cmp1", StepState.DONE, epoch=epoch)
    foreign = fact(kind, epoch=epoch, author=author, step=done, result=Result.RECOVERED, n=9, attempt=9)
    assert apply(owned, foreign) == owned
    assert fold({}, [foreign]) == {}


def test_an_epoch_far_beyond_the_last_one_is_nobodys_and_the_next_owner_goes_on() -> None:
    known = FIRST + 7
    far = fact(FactKind.ADOPTED, epoch=known + LEAP + 1)
    assert fold({}, [far], known) == {}
    near = fact(FactKind.ADOPTED, epoch=known + LEAP)
    (entry,) = fold({}, [near, far], known).values()
    assert entry.epoch == known + LEAP + 1, "counted from what was adopted last, so nobody is ever locked out"


def test_of_two_who_adopted_under_one_epoch_both_are_heard() -> None:
    """One of them published and lost its lease before the ledger took the epoch: the other one goes on."""
    both = after(fact(FactKind.ADOPTED), entry=apply(EMPTY, fact(FactKind.ADOPTED, author="w2")))
    for author in ("w1", "w2"):
        assert apply(both, replace(step(FactKind.STARTED), author=author)).effects


def test_so_many_owners_are_remembered() -> None:
    entry = after(*(fact(FactKind.ADOPTED, epoch=epoch) for epoch in range(1, 3 * KEPT)))
    assert [owner.epoch for owner in entry.owners] == list(range(2 * KEPT, 3 * KEPT))


def test_within_one_try_done_is_never_taken_back() -> None:
    done = after(step(FactKind.DONE))
    assert after(step(FactKind.STARTED), step(FactKind.FAILED), entry=done) == done


def test_a_later_try_or_attempt_wins_over_done() -> None:
    done = after(step(FactKind.DONE))
    assert after(step(FactKind.STARTED, tries=2), entry=done).steps[KEY].state is StepState.STARTED
    assert after(step(FactKind.ABSOLVED, attempt=2), entry=done).steps[KEY].state is StepState.ABSOLVED


def test_an_earlier_try_is_forgotten() -> None:
    second = after(step(FactKind.STARTED, tries=2))
    assert after(step(FactKind.UNSURE, tries=1), entry=second) == second


def test_only_a_begun_step_is_an_effect_and_only_a_begun_fence_has_fenced() -> None:
    noted = after(step(FactKind.DONE, tries=0, key="fence:cmp1"))
    assert not noted.effects and not noted.fenced
    moved = after(step(FactKind.STARTED))
    assert moved.effects and not moved.fenced
    assert after(step(FactKind.STARTED, key="fence:cmp1")).fenced
    assert after(step(FactKind.STARTED, key="fence:cmp1"), step(FactKind.STARTED)).fenced


def test_of_several_plans_of_an_attempt_the_highest_epochs_counts_and_of_one_epoch_the_last() -> None:
    first, second = made("g1", epoch=1), made("g1", "g2", epoch=2)
    longer = made("g1", "g2", "g3", epoch=2)
    facts = [fact(FactKind.PLAN, plan=p, epoch=2) for p in (second, first, longer)]
    assert after(*facts).plan == longer
    assert after(*facts[:2]).plan == second


def test_a_new_attempt_forgets_plan_and_result_and_keeps_steps() -> None:
    first = after(
        fact(FactKind.PLAN, plan=made("g1")),
        step(FactKind.STARTED),
        fact(FactKind.FINISHED, result=Result.FAILED, reason="partial-failure"),
    )
    assert not first.is_unfinished
    second = after(fact(FactKind.ADOPTED, attempt=2, epoch=2), entry=first)
    assert (second.plan, second.result, second.reason, second.attempt) == (None, None, "", 2)
    assert second.steps == first.steps and second.is_unfinished


def test_a_plan_of_an_earlier_attempt_is_not_taken_over() -> None:
    entry = after(fact(FactKind.ADOPTED, attempt=2, epoch=2))
    assert after(fact(FactKind.PLAN, plan=made("g1"), attempt=1, epoch=2), entry=entry).plan is None


def test_a_guests_prior_state_is_that_of_the_last_plan_before_an_effect_touched_it() -> None:
    begun = record("evacuate:g1", tries=1)
    later = fact(FactKind.PLAN, plan=made("g1", "g2", attempt=2, epoch=2), attempt=2, epoch=2)
    first = fact(FactKind.PLAN, plan=made("g1", power=4))
    touched = after(first, fact(FactKind.STARTED, step=begun), later)
    assert dict(touched.priors) == {"g1": Prior.STOPPED, "g2": Prior.ACTIVE}
    assert dict(touched_priors(touched)) == {"g1": Prior.STOPPED}
    untouched = after(first, fact(FactKind.ABSOLVED, step=replace(begun, tries=0)), later)
    assert dict(untouched.priors) == {"g1": Prior.ACTIVE, "g2": Prior.ACTIVE}
    assert touched_priors(untouched) == {}


def test_an_answer_says_again_where_everything_stands() -> None:
    known = record(KEY, StepState.DONE, tries=1)
    said = fact(FactKind.HELD, n=3, plan=made("g1"), steps=(known,), reason="in-migration", effects=True)
    entry = after(said)
    assert (entry.answered, entry.reason, entry.result) == (3, "in-migration", None)
    assert entry.steps[KEY] == known and entry.plan == made("g1") and entry.effects


def test_an_owner_that_takes_an_incident_up_again_leaves_the_reason_of_its_last_answer_behind() -> None:
    held = after(fact(FactKind.ADOPTED), fact(FactKind.HELD, reason="stopped"))
    assert (held.reason, held.answered) == ("stopped", 1)
    again = after(fact(FactKind.ADOPTED, epoch=2), entry=held)
    assert (again.reason, again.answered, again.epoch) == ("", 1, 2)


def test_only_answers_answer() -> None:
    entry = after(fact(FactKind.WORKING, n=3, reason="x"), fact(FactKind.HELD, n=2), fact(FactKind.HELD, n=1))
    assert (entry.answered, entry.reason) == (2, "")


def test_an_order_raises_its_flag_at_the_time_of_its_decision() -> None:
    about: dict[str, Any] = {"incident": INCIDENT, "segment": "s1", "subject": host_subject("cmp1")}
    stop = Stop(**about, n=2, attempt=1, decided_at=BrokerTime(7), reason="cancelled")
    assert flag_of(stop, 5) == Flag(said_at=BrokerTime(7), offset=5, stop=True, reason="cancelled")
    assert flag_of(Resume(**about, decided_at=BrokerTime(8), reason="back"), 6) == Flag(
        said_at=BrokerTime(8), offset=6, stop=False, reason="back"
    )


def test_of_two_flags_the_one_that_was_decided_later_counts() -> None:
    stop, go = (
        Flag(said_at=BrokerTime(7), offset=5, stop=True),
        Flag(said_at=BrokerTime(7), offset=6, stop=False),
    )
    assert newer(None, stop) == stop
    assert newer(stop, go) == newer(go, stop) == go
    assert newer(stop, replace(go, offset=5)) == stop
    paused = replace(go, said_at=BrokerTime(6))
    assert newer(stop, paused) == newer(paused, stop) == stop


@st.composite
def logs(draw: st.DrawFn) -> list[Fact]:
    """What owners of growing epochs write about one incident, with a zombie's late words in between."""
    facts: list[Fact] = []
    attempt = 1
    tries: dict[str, int] = {}
    for epoch in range(1, draw(st.integers(1, 4)) + 1):
        facts.append(fact(FactKind.ADOPTED, epoch=epoch, attempt=attempt))
        facts.append(
            fact(FactKind.PLAN, epoch=epoch, attempt=attempt, plan=made("g1", epoch=epoch, attempt=attempt))
        )
        facts += [_word(draw, epoch, attempt, tries) for _ in range(draw(st.integers(0, 6)))]
        if draw(st.booleans()):
            facts.append(_end(draw, epoch, attempt))
            attempt += facts[-1].result is Result.FAILED
    return facts


def _word(draw: st.DrawFn, epoch: int, attempt: int, tries: dict[str, int]) -> Fact:
    key = draw(st.sampled_from(["fence:cmp1", KEY, "evacuate:g2"]))
    kind = draw(
        st.sampled_from(
            [FactKind.STARTED, FactKind.UNSURE, FactKind.DONE, FactKind.FAILED, FactKind.ABSOLVED]
        )
    )
    if kind is FactKind.STARTED:
        tries[key] = tries.get(key, 0) + 1
    author = draw(st.integers(1, epoch))
    return step(kind, tries=tries.get(key, 0), epoch=author, attempt=attempt, key=key)


def _end(draw: st.DrawFn, epoch: int, attempt: int) -> Fact:
    kind = draw(st.sampled_from([FactKind.HELD, FactKind.VETOED, FactKind.FINISHED]))
    result = draw(st.sampled_from([Result.FAILED, Result.RECOVERED])) if kind is FactKind.FINISHED else None
    return fact(kind, epoch=epoch, attempt=attempt, result=result, reason=kind, n=draw(st.integers(1, 3)))


def whole(facts: Sequence[Fact]) -> dict[UUID, Entry]:
    return fold({}, facts)


@examples(200)
@given(logs(), st.data())
def test_reading_a_part_of_the_log_again_changes_nothing(log: list[Fact], data: st.DataObject) -> None:
    entries = fold({}, log)
    since = data.draw(st.integers(0, len(log)))
    assert fold(entries, log[since:]) == entries


@examples(200)
@given(logs(), st.data())
def test_a_fold_may_stop_anywhere_and_go_on_from_any_place_before(
    log: list[Fact], data: st.DataObject
) -> None:
    middle = data.draw(st.integers(0, len(log)))
    back = data.draw(st.integers(0, middle))
    assert fold(fold({}, log[:middle]), log[back:]) == whole(log)


@examples(200)
@given(logs(), st.data())
def test_a_ledger_that_has_forgotten_and_the_log_know_together_what_the_log_knows(
    log: list[Fact], data: st.DataObject
) -> None:
    entry = whole(log)[INCIDENT]
    assert join(EMPTY, entry) == entry
    assert join(entry, entry) == entry
    for behind in fold({}, log[: data.draw(st.integers(0, len(log)))]).values():
        assert join(behind, entry) == entry


@examples(200)
@given(logs(), st.data())
def test_a_log_that_has_lost_its_beginning_takes_nothing_from_the_ledger(
    log: list[Fact], data: st.DataObject
) -> None:
    """It may add what a zombie said, which only the beginning shows to be one: a reason for a look, not for an act."""
    entry = whole(log)[INCIDENT]
    for rest in fold({}, log[data.draw(st.integers(0, len(log))) :]).values():
        joined = join(entry, rest)
        assert replace(joined, steps=entry.steps, effects=entry.effects, fenced=entry.fenced) == entry
        assert joined.effects >= entry.effects
        for key, step in entry.steps.items():
            now = joined.steps[key]
            assert now.state is step.state or (now.attempt, now.tries) >= (step.attempt, step.tries)
            same = replace(now, epoch=step.epoch) == step  # a zombie's `done` came last
            assert step.state is not StepState.DONE or now.tries > step.tries or same


@examples(200)
@given(logs(), st.lists(st.booleans(), max_size=40))
def test_a_record_that_is_in_the_log_twice_in_a_row_counts_once(log: list[Fact], twice: list[bool]) -> None:
    doubled = [f for n, f in enumerate(log) for _ in range(1 + (n < len(twice) and twice[n]))]
    assert whole(doubled) == whole(log)


@examples(200)
@given(logs())
def test_once_a_higher_epoch_has_spoken_only_done_is_heard_of_a_lower_one(log: list[Fact]) -> None:
    entry = EMPTY
    for each in log:
        after = apply(entry, each)
        if each.epoch < entry.epoch and each.kind is not FactKind.DONE:
            assert after == entry
        assert after.epoch >= entry.epoch and after.attempt >= entry.attempt
        assert after.effects >= entry.effects and after.fenced >= entry.fenced
        assert after.answered >= entry.answered
        assert set(after.steps) >= set(entry.steps) and set(after.priors) >= set(entry.priors)
        assert dict(after.priors).items() >= touched_priors(entry).items()
        entry = after
