"""No sequence of faults within the bounds leads to a record that a broker would not take, nor to rows that grow."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from kasugai.core.deciding.destinations import MOST
from kasugai.core.deciding.mailbox import Mailbox
from kasugai.core.deciding.rows import Tombstone
from kasugai.core.words.bounds import LONGEST, bytes_of
from kasugai.core.words.facts import FactKind, Result
from kasugai.core.words.policy import Policy
from kasugai.core.words.signals import (
    Fault,
    InventoryChange,
    Letter,
    Outcome,
    Signal,
    Source,
    Stamp,
    Symptom,
    Tick,
)
from kasugai.core.words.signals import fault as make_fault
from kasugai.core.words.subject import Kind
from kasugai.core.words.timing import BrokerTime, Millis
from kasugai.core.words.verdicts import Reason
from kasugai.schemas.codec import encode
from kasugai.streams.frames import Frames
from tests.unit.core.makers import S, fact, host, segment
from tests.unit.core.scripts import examples

ROW, RECORD = 16 * 1024, 256 * 1024


def name(letter: str, number: int, most: int = LONGEST) -> str:
    """The longest name that ends with a number."""
    return letter * ((most - 6) // bytes_of(letter)) + f"{number:06}"


HOSTS = [name("h", 0), name("鎹", 1), "cmp2"]


class Sizes:
    """A mailbox, and the largest that came of it."""

    def __init__(self) -> None:
        """Describe the hosts."""
        self.largest: dict[str, int] = {}
        self.dead = 0
        self._offset = -1
        self._seconds = 0.0
        self._mailbox = Mailbox.restore(0, misfit=Frames().misfit)
        self.take(InventoryChange(record=segment(policy=Policy(max_unhealthy=100))))
        for each in HOSTS:
            self.take(InventoryChange(record=host(each)))

    def take(self, signal: Signal, to: str = "s1", after: float = 0.01) -> None:
        """Have it decided, and weigh what comes of it."""
        self._offset += 1
        self._seconds += after
        stamp = Stamp(partition=0, offset=self._offset, at=BrokerTime(10**12 + round(self._seconds * S)))
        decided = self._mailbox.take(Letter(segment=to, signal=signal), stamp)
        self.dead += len(decided.errors)
        values = (*decided.verdicts, *decided.orders, *decided.rows)
        for value in values:
            if not isinstance(value, Tombstone):
                kind = type(value).__name__
                self.largest[kind] = max(self.largest.get(kind, 0), len(encode(value)))

    def finish(self, host_name: str, result: Result) -> None:
        """A worker ends the open incident of a host."""
        row = self._mailbox._segments["s1"].subjects.get(f"host/{host_name}")
        if row is not None and row.incident is not None:
            order = row.incident.order
            said = fact(FactKind.FINISHED, host=host_name, result=result, reason=Reason.PARTIAL, effects=True)
            answer = replace(said, incident=order.incident, n=order.n, attempt=order.attempt)
            self.take(Outcome(fact=answer))

    def tick(self, after: float) -> None:
        """Strike."""
        self.take(Tick(period=Millis(60 * S)), "", after)


def say(source: Source, symptom: Symptom, about: str, letter: str, observer: int, asserted: bool) -> Fault:
    return make_fault(
        host=about,
        host_uuid=name("u", 0),
        observer=name(letter, observer),
        source=source,
        symptom=symptom,
        episode=name(letter, observer),
        boot_id=name(letter, observer),
        asserted=asserted,
        observed_at=10**12,
    )


bad = st.builds(
    say,
    st.sampled_from(Source),
    st.sampled_from([Symptom.DOWN] * 6 + [Symptom.OFF, Symptom.CLEAR]),
    st.sampled_from(HOSTS),
    st.sampled_from("xé鎹"),
    st.integers(0, 10**6 - 1),
    st.sampled_from([False, False, False, True]),
)
instances = st.builds(
    lambda source, number: make_fault(
        host=HOSTS[0],
        observer=name("o", number),
        source=source,
        episode=name("e", number),
        kind=Kind.INSTANCE,
        detail="鎹" * 255,
    ),
    st.sampled_from(Source),
    st.integers(0, 10**6 - 1),
)
moves = st.one_of(
    bad,
    bad,
    bad,
    instances,
    st.sampled_from([1.0, 5.0, 30.0, 100.0]),
    st.tuples(st.sampled_from(HOSTS), st.sampled_from([Result.FAILED, Result.RECOVERED])),
)


@examples(40)
@given(st.lists(moves, min_size=40, max_size=120))
def test_whatever_is_said_within_the_bounds_rows_and_records_stay_small(
    script: list[Fault | float | tuple[str, Result]],
) -> None:
    sizes = Sizes()
    for move in script:
        match move:
            case Fault():
                sizes.take(move)
            case float():
                sizes.tick(move)
            case (about, result):
                sizes.finish(about, result)
    assert sizes.dead == 0
    assert sizes.largest.get("SubjectRow", 0) < ROW
    assert max(sizes.largest.values()) < RECORD


def test_many_observers_with_the_longest_names_of_every_kind_fill_no_row() -> None:
    sizes = Sizes()
    for number in range(200):
        for source in Source:
            sizes.take(say(source, Symptom.DOWN, HOSTS[1], "鎹", number, asserted=number % 2 == 0))
    sizes.finish(HOSTS[1], Result.FAILED)
    for number in range(200, 230):
        for source in Source:
            sizes.take(say(source, Symptom.DOWN, HOSTS[1], "鎹", number, asserted=False))
    assert sizes.dead == 0 and 8_192 < sizes.largest["SubjectRow"] < ROW
    assert max(sizes.largest["Open"], sizes.largest["Verdict"]) < 32 * 1024


def test_an_order_that_names_all_hosts_of_a_dead_hall_fits() -> None:
    sizes = Sizes()
    names = [name("a", number) for number in range(MOST + 50)]
    for each in names:
        sizes.take(InventoryChange(record=host(each)))
    for each in names:
        sizes.take(say(Source.PEER, Symptom.DOWN, each, "x", 1, asserted=False))
    for number, source in enumerate(Source):
        sizes.take(say(source, Symptom.DOWN, "cmp2", "鎹", number, asserted=True))
    sizes.tick(5.0)
    assert sizes.dead == 0 and 200 * 1024 < sizes.largest.get("Open", 0) < RECORD
