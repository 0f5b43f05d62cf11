"""Whatever is delivered twice, read again or cut short by a crash, the same is decided, to the byte."""

import os
import subprocess
import sys
from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kasugai.core.deciding.mailbox import Decided, Mailbox
from kasugai.core.deciding.rows import Row, SubjectRow, Tombstone
from kasugai.core.words.signals import Letter, Stamp
from kasugai.core.words.timing import Millis
from kasugai.core.words.verdicts import Reason, Verb
from kasugai.schemas.codec import encode
from tests.unit.core.scripts import Move, examples, play, scripts, town, town_story
from tests.unit.core.story import Crash, Mail, Post, serve

Life = tuple[int, float, int, int]
"""How many effects come to pass, how far back the next life begins, and `serve`'s ahead and early."""

ahead, early = st.integers(0, 5), st.integers(0, 3)
lives_lived = st.lists(st.tuples(st.integers(0, 40), st.floats(0, 1), ahead, early), max_size=6)


def said(post: Post) -> tuple[set[bytes], set[bytes], dict[str, bytes]]:
    """What a run leaves behind, as bytes."""
    rows = {key: encode(row) for key, row in post.table.items()}
    return set(map(encode, post.verdicts)), set(map(encode, post.orders)), rows


def live_through(mail: list[Mail], lives: list[Life]) -> Post:
    """Read the mailbox with a crash after so many effects of each life; each next life begins somewhere in what was
    handled before."""
    post, begin = Post(), 0
    for effects, back, ahead, early in lives:
        post.crash_after = post.effects + effects
        post.read = begin
        with suppress(Crash):
            serve(post, mail[begin:], ahead=ahead, early=early)
        post.forget()
        begin = round(post.read * back)
    post.crash_after = None
    serve(post, mail[begin:])
    return post


@examples(120)
@given(scripts(), lives_lived)
def test_crashes_between_any_two_effects_change_nothing(script: list[Move], lives: list[Life]) -> None:
    story = play(script)
    assert said(live_through(story.mail, lives)) == said(story.post)


@examples(100)
@given(town(), lives_lived, st.sets(st.integers(0, 60)))
def test_guests_and_processes_are_decided_alike_after_crashes_and_by_whoever_restores(
    script: list[Move], lives: list[Life], restored: set[int]
) -> None:
    story = play(script, town_story(relocates=len(script) % 2 == 1))
    assert said(live_through(story.mail, lives)) == said(story.post)
    first, again = fold(story.mail, set()), fold(story.mail, restored)
    assert list(map(as_bytes, again)) == list(map(as_bytes, first))
    story.tick()
    successor = Mailbox.restore(0, story.post.table.values())
    assert successor.tick(Millis(0), None) == story.mailbox.tick(Millis(0), None)


@examples(25)
@given(st.one_of(scripts(size=12), town(size=12)), ahead, early)
def test_a_crash_at_each_effect_and_a_start_from_each_offset_change_nothing(
    script: list[Move], ahead: int, early: int
) -> None:
    story = play(script)
    for effect in range(story.post.effects):
        assert said(live_through(story.mail, [(effect, 1.0, ahead, early)])) == said(story.post)
    for offset in range(len(story.mail)):
        again = Post(table=dict(story.post.table))
        serve(again, story.mail[offset:])
        assert (again.table, again.orders) == (story.post.table, [])
        assert set(again.verdicts) <= set(story.post.verdicts), "what left no row is told again, word by word"


@examples(60)
@given(scripts(), ahead, early)
def test_two_runs_of_one_mailbox_give_the_same_bytes_in_the_same_order(
    script: list[Move], ahead: int, early: int
) -> None:
    story = play(script)
    again = Post()
    serve(again, story.mail, ahead=ahead, early=early)
    assert list(map(encode, again.verdicts)) == list(map(encode, story.post.verdicts))
    assert list(map(encode, again.orders)) == list(map(encode, story.post.orders))
    assert {k: encode(v) for k, v in again.table.items()} == said(story.post)[2]


def fold(mail: list[Mail], restored: set[int]) -> list[Decided]:
    """What the fold says to each letter; a new process takes its place before the letters of these numbers."""
    mailbox, table, said = Mailbox.restore(0), dict[str, Row](), []
    for number, (letter, stamp) in enumerate(mail):
        if number in restored:
            mailbox = Mailbox.restore(0, table.values())
        said.append(mailbox.take(letter, stamp))
        table |= {row.key: row for row in said[-1].rows if not isinstance(row, Tombstone)}
    return said


def as_bytes(decided: Decided) -> tuple[list[bytes], list[bytes], list[bytes]]:
    return (
        list(map(encode, decided.rows)),
        list(map(encode, decided.verdicts)),
        list(map(encode, decided.orders)),
    )


@examples(100)
@given(scripts(), st.sets(st.integers(0, 60)))
def test_the_same_letters_give_the_same_decisions_whoever_restores_in_between(
    script: list[Move], restored: set[int]
) -> None:
    mail = play(script).mail
    first, again = fold(mail, set()), fold(mail, restored)
    assert list(map(as_bytes, again)) == list(map(as_bytes, first))


@examples(60)
@given(scripts())
def test_a_successor_looks_ahead_as_far_as_the_one_before(script: list[Move]) -> None:
    story = play(script)
    story.tick()
    successor = Mailbox.restore(0, story.post.table.values())
    assert successor.tick(Millis(0), None) == story.mailbox.tick(Millis(0), None)


def twice(mail: list[Mail], chosen: list[bool]) -> list[Mail]:
    """Return the mailbox in which route has copied some records twice in a row."""
    doubled: list[tuple[Letter, Stamp]] = []
    for number, (letter, stamp) in enumerate(mail):
        for _ in range(1 + (number < len(chosen) and chosen[number])):
            doubled.append((letter, replace(stamp, offset=len(doubled))))
    return doubled


def without_place(row: Row) -> Row:
    """Return the row without what only tells where and how it was last written."""
    if isinstance(row, SubjectRow):
        row = replace(row, verb=None, reason=None)
    return replace(row, offset=0)


def obeyed(post: Post) -> set[tuple[str, ...]]:
    """Return what was decided, without the words about what came twice."""
    words = {(v.verb, v.subject.name, v.reason, str(v.at)) for v in post.verdicts}
    return {word for word in words if word[0] != Verb.DISREGARD and word[2] != Reason.STALE}


@examples(100)
@given(st.one_of(scripts(), town()), st.lists(st.booleans(), max_size=60))
def test_records_that_route_copied_twice_order_nothing_more(script: list[Move], chosen: list[bool]) -> None:
    story = play(script)
    post = Post()
    serve(post, twice(story.mail, chosen))
    assert post.orders == story.post.orders
    assert {without_place(row) for row in post.table.values()} == {
        without_place(row) for row in story.post.table.values()
    }
    assert obeyed(post) == obeyed(story.post)


HASHED = """
import hashlib
from kasugai.schemas.codec import encode
from tests.unit.core.makers import down, report
from tests.unit.core.story import Story
from kasugai.core.words.signals import Source
story = Story()
for name in ("cmp1", "cmp2", "cmp3"):
    for source in (Source.NOVA, Source.PEER, Source.CLUSTER):
        story.write(down(source, host=name))
story.wait(40)
story.write(report(host="cmp2"))
values = [*story.post.verdicts, *story.post.orders, *story.post.table.values()]
print(len(values), hashlib.sha256(b"".join(map(encode, values))).hexdigest())
"""


@pytest.mark.parametrize("seed", ["1", "2"])
def test_the_bytes_do_not_depend_on_the_hash_seed(seed: str) -> None:
    made = [
        subprocess.run(
            [sys.executable, "-c", HASHED],
            env={**os.environ, "PYTHONHASHSEED": each, "PYTHONPATH": os.getcwd()},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for each in ("0", seed)
    ]
    assert made[0] == made[1]
