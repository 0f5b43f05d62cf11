"""A decision that no record can carry: its subject is left alone and told, nobody ends, and everybody else goes on."""

from kasugai.core.deciding.mailbox import Decided, Mailbox, Misfit
from kasugai.core.deciding.rows import HostRow, SubjectRow
from kasugai.core.words.incident import Open, Stop
from kasugai.core.words.inventory import SegmentRecord
from kasugai.core.words.signals import Instruction, InventoryChange, Letter, Signal, Stamp, Tick
from kasugai.core.words.timing import BrokerTime, Millis
from kasugai.core.words.verdicts import Reason, Verb, Verdict
from tests.unit.core.makers import S, alive, down, host, report, segment
from tests.unit.core.story import bid


class Partition:
    """A mailbox that carries nothing for which `heavy` says yes."""

    def __init__(self) -> None:
        """Describe a segment with two hosts."""
        self.heavy: tuple[type, ...] = ()
        self.heavy_host = "cmp1"
        self.offset = -1
        self.mailbox = Mailbox.restore(0, misfit=self.misfit)
        for record in (segment(), host(), host("cmp2")):
            self.take(InventoryChange(record=record))

    def misfit(self, value: object) -> str:
        about = getattr(value, "subject", None)
        heavy = isinstance(value, self.heavy) and (about is None or about.host == self.heavy_host)
        return f"a {type(value).__name__} of 9 bytes, 8 fit into a record" if heavy else ""

    def take(self, signal: Signal, to: str = "s1", seconds: float = 0) -> Decided:
        self.offset += 1
        at = BrokerTime(1_000_000 * S + round(seconds * S))
        return self.mailbox.take(
            Letter(segment=to, signal=signal), Stamp(partition=0, offset=self.offset, at=at)
        )

    def tick(self, seconds: float) -> Decided:
        return self.take(Tick(period=Millis(1_000_000 * S)), "", seconds)

    def row(self, name: str = "host/cmp1") -> SubjectRow:
        return self.mailbox._segments["s1"].subjects[name]


def test_the_subject_is_told_and_stays_as_it_was_and_the_record_is_a_dead_letter() -> None:
    partition = Partition()
    partition.take(down())
    before = partition.row()
    partition.heavy = (Open,)
    decided = partition.take(report())
    (told,) = decided.verdicts
    assert (told.verb, told.reason, told.subject.name) == (Verb.ALERT, Reason.UNDECIDABLE, "host/cmp1")
    assert told.detail == decided.trouble.removeprefix("Misfit: ") == "a Open of 9 bytes, 8 fit into a record"  # type: ignore[union-attr]
    assert decided.orders == () and [type(error) for error in decided.errors] == [Misfit]
    (row,) = decided.rows
    assert row == partition.row() and partition.row().undecidable
    assert (partition.row().conditions, partition.row().incident) == (before.conditions, None)


def test_the_others_in_its_segment_go_on() -> None:
    partition = Partition()
    partition.heavy = (Open,)
    partition.take(report())
    opened = partition.take(report(host="cmp2"))
    assert [type(order) for order in opened.orders] == [Open] and opened.trouble is None


def test_time_does_not_bring_it_up_again_and_a_word_about_it_does() -> None:
    partition = Partition()
    partition.heavy = (Open,)
    partition.take(report())
    partition.tick(1)
    assert "host/cmp1" not in partition.mailbox._segments["s1"].waits.dues
    assert partition.tick(100).verdicts == ()
    again = partition.take(report(), seconds=101)
    assert again.trouble is not None and again.verdicts == (), "a dead letter, and told once"
    partition.heavy = ()
    opened = partition.take(report(episode="r2"), seconds=102)
    assert [type(order) for order in opened.orders] == [Open]
    assert not partition.row().undecidable


def test_a_stop_goes_out_whatever_is_too_large_beside_it() -> None:
    partition = Partition()
    partition.take(report())
    partition.heavy = (SubjectRow,)
    partition.heavy_host = "cmp1"
    stopped = partition.take(alive(), seconds=1)
    assert [type(order) for order in stopped.orders] == [Stop]
    assert stopped.rows == () and stopped.trouble is not None, "not even the row that says so fits"


def test_a_verdict_that_does_not_fit_is_not_told_by_one_that_does_not_either() -> None:
    partition = Partition()
    partition.heavy = (Verdict,)
    decided = partition.take(down())
    assert decided.verdicts == () and decided.trouble is not None
    assert partition.row().undecidable


def test_a_description_that_does_not_fit_disarms_its_segment_under_the_one_before() -> None:
    partition = Partition()
    partition.heavy = (HostRow,)
    decided = partition.take(InventoryChange(record=host(version=2, reserved=True)))
    (told,) = decided.verdicts
    assert (told.subject.name, told.reason) == ("segment/rack1", Reason.UNDECIDABLE)
    mine = partition.mailbox._segments["s1"]
    assert mine.is_undecidable and not mine.hosts["cmp1"].record.reserved


def test_a_first_description_that_does_not_fit_is_a_dead_letter() -> None:
    partition = Partition()
    partition.heavy = (object,)
    record = SegmentRecord(segment_id="s2", name="two")
    decided = partition.take(InventoryChange(record=record), to="s2")
    assert (decided.rows, decided.verdicts) == ((), ()) and decided.trouble is not None


def test_what_leaves_no_row_and_does_not_fit_is_a_dead_letter() -> None:
    partition = Partition()
    partition.heavy = (Verdict,)
    partition.heavy_host = ""
    decided = partition.take(bid(Instruction.ARM, segment="s9"), to="s9")
    assert (decided.rows, decided.verdicts) == ((), ()) and decided.trouble is not None
