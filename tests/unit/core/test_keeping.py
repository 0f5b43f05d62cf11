"""How many observers a row keeps by name: whoever can invent names does not make rows, verdicts and orders grow."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kasugai.core.deciding import keeping
from kasugai.core.deciding.counted import Others
from kasugai.core.deciding.keeping import FIXED, MOST, WEIGHT
from kasugai.core.deciding.rows import Condition, SubjectRow
from kasugai.core.words.bounds import LONGEST, bytes_of
from kasugai.core.words.facts import FactKind, Result
from kasugai.core.words.signals import Source, Symptom
from kasugai.core.words.timing import BrokerTime
from kasugai.core.words.verdicts import Reason
from tests.unit.core.makers import S, alive, condition, down, fact, report, row, uuid_of
from tests.unit.core.scripts import examples
from tests.unit.core.story import Story, answer

PEERS = tuple(condition(Source.PEER, since=n, observer=f"peer/{n:03}") for n in range(MOST + 3))


def kept(*conditions: Condition) -> SubjectRow:
    """A row to which these were added one after another."""
    told = row()
    for each in conditions:
        told = keeping.keep(told, (*told.conditions, each), each.observer)
    return told


def observers(told: SubjectRow) -> list[str]:
    return [each.observer for each in told.conditions]


def test_of_many_of_a_kind_the_oldest_and_the_newest_are_kept_and_the_others_counted() -> None:
    told = kept(*PEERS)
    assert observers(told) == [f"peer/{n:03}" for n in (*range(MOST - 1), MOST + 2)]
    assert told.others == (Others(source=Source.PEER, count=3),)


def test_each_kind_has_room_of_its_own() -> None:
    nova = condition(Source.NOVA, since=99)
    told = kept(*PEERS, nova)
    assert nova in told.conditions and len(told.conditions) == MOST + 1


@pytest.mark.parametrize("proof", [{"asserted": True}, {"symptom": Symptom.OFF}], ids=["assertion", "off"])
def test_a_proof_stays_whatever_is_said_beside_it(proof: dict[str, object]) -> None:
    proven = condition(Source.REPORTED, since=5, observer="aaa", **proof)
    crowd = [condition(Source.REPORTED, since=n, observer=f"api/{n:03}") for n in range(40) if n != 5]
    told = kept(*crowd[:5], proven, *crowd[5:])
    assert proven in told.conditions and len(told.conditions) == MOST


def test_an_assertion_that_the_world_contradicts_is_no_proof() -> None:
    doubted = condition(Source.REPORTED, since=20, observer="aaa", asserted=True, doubt=Reason.NOVA_FRESH)
    crowd = [condition(Source.REPORTED, since=n, observer=f"api/{n:03}") for n in range(MOST)]
    late = condition(Source.REPORTED, since=30, observer="zzz")
    assert doubted not in kept(*crowd, doubted, late).conditions


def test_of_nothing_but_proofs_the_youngest_words_stay() -> None:
    words = [
        condition(Source.REPORTED, n, observer=f"o{n:02}", asserted=True, vouched_at=BrokerTime(100 - n))
        for n in range(MOST + 4)
    ]
    told = kept(*words)
    assert [each.vouched_at for each in told.conditions][:2] == [100, 99], "said last, whenever it was heard"
    assert len(told.conditions) == MOST


longest = st.builds(
    lambda source, since, letter, proves: condition(
        source,
        since,
        observer=f"{since:07}" + letter * ((LONGEST - 7) // bytes_of(letter)),
        episode=letter * (LONGEST // bytes_of(letter)),
        event_id=uuid_of(since),
        asserted=proves,
    ),
    st.sampled_from(Source),
    st.integers(0, 10**6),
    st.sampled_from("xé鎹"),
    st.booleans(),
)


@examples(50)
@given(st.lists(longest, max_size=80, unique_by=lambda c: c.observer))
def test_a_row_never_keeps_more_than_there_is_room_for(said: list[Condition]) -> None:
    said.sort(key=lambda c: c.observer)
    told = kept(*said)
    assert sum(FIXED + bytes_of(c.observer) + bytes_of(c.episode) for c in told.conditions) <= WEIGHT
    assert len(told.conditions) + sum(each.count for each in told.others) == len(said)
    for source in Source:
        ours = [each for each in said if each.source is source]
        left = [each for each in told.conditions if each.source is source]
        assert min(len(ours), 2) <= len(left) <= MOST, "every kind that spoke is heard"
        if ours:
            assert ours[-1] in left


def test_the_verdict_says_how_many_are_counted_only() -> None:
    story = Story()
    for n in range(MOST + 2):
        story.write(down(observer=f"peer/{n:03}", episode=f"e{n}"))
    told = story.post.verdicts[-1]
    assert told.detail == "more observers speak than are kept by name: further words counted: 2 of peer"
    assert len(told.evidence) == MOST, "and names the fault that it covers"


def test_many_names_about_one_host_cost_a_verdict_each_and_no_more() -> None:
    """2,000 faults once made 32,256 verdicts."""
    story = Story()
    for n in range(200):
        story.write(down(observer=f"peer/{n:03}", episode=f"e{n}"))
    assert len(story.post.verdicts) == 200
    assert {f"e{n}" for n in range(200)} == {e.episode for v in story.post.verdicts for e in v.evidence}


def test_when_nobody_of_a_kind_is_left_its_count_is_forgotten() -> None:
    story = Story()
    for n in range(MOST + 2):
        story.write(down(observer=f"peer/{n:03}", episode=f"e{n}"))
    story.write(alive(), at=1)
    assert story.row().others == ()


def test_after_a_recovery_who_was_not_kept_by_name_is_explained_like_the_others() -> None:
    """Else a host would be recovered twice, for one of its seventeen peers had no place in a row."""
    story = Story()
    said = [down(observer=f"peer/{n:03}", episode=f"e{n}") for n in range(MOST + 2)]
    for each in (*said, report()):
        story.write(each)
    story.hear(answer(fact(FactKind.FINISHED, result=Result.RECOVERED, reason=Reason.RECOVERED), story))
    for again in range(1, 4):
        for each in said:
            story.write(each, at=again * 30)
    assert all(c.explained for c in story.row().conditions) and len(story.opens) == 1
    assert story.row().incident is None


def test_a_new_observer_of_a_kind_of_which_all_are_kept_is_news_after_a_recovery() -> None:
    story = Story()
    for each in (down(observer="peer/1"), report()):
        story.write(each)
    story.hear(answer(fact(FactKind.FINISHED, result=Result.RECOVERED, reason=Reason.RECOVERED), story))
    story.write(down(observer="peer/2", episode="e2"), at=30)
    assert [c.explained for c in story.row().conditions] == [True, False]


def test_a_condition_said_again_takes_no_place() -> None:
    story = Story()
    for n in range(MOST):
        story.write(down(observer=f"peer/{n:03}", episode=f"e{n}"))
    story.write(down(observer="peer/003", episode="e3"), at=10)
    assert story.row().others == () and len(story.row().conditions) == MOST
    assert next(c for c in story.row().conditions if c.observer == "peer/003").seen.steady % S == 0


def test_the_weight_of_long_names_is_spread_over_the_kinds() -> None:
    name = "x" * LONGEST
    long = [replace(each, observer=f"{name[:-3]}{n:03}", episode=name) for n, each in enumerate(PEERS)]
    told = kept(*long, condition(Source.NOVA, since=99))
    assert {each.source for each in told.conditions} == {Source.PEER, Source.NOVA}
    assert len(told.conditions) == 1 + WEIGHT // (FIXED + 2 * LONGEST)
