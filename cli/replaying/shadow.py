"""A policy in the shadow of the one that acts: one partition of the mailbox decided twice as its letters come, and what
would have been decided otherwise.

What was decided is decided here once more, from the same letters, so nothing else need be read. It publishes nothing
and has nobody to whom it could.
"""

from dataclasses import dataclass

from kasugai.cli.replaying.fold import Rerun
from kasugai.cli.replaying.past import Past
from kasugai.cli.replaying.policies import Policies
from kasugai.core.deciding.mailbox import Mailbox
from kasugai.core.telling.narrate import narrate_verdict
from kasugai.core.words.signals import Letter, Outcome, Stamp
from kasugai.core.words.timing import Timing
from kasugai.core.words.verdicts import Verdict
from kasugai.streams.frames import Frames


@dataclass(frozen=True, slots=True)
class Otherwise:
    """What one record led to, and what it would have led to; only what the two have not in common."""

    was: tuple[Verdict, ...]
    would: tuple[Verdict, ...]


class Shadow:
    """One partition."""

    def __init__(self, partition: int, timing: Timing, policies: Policies) -> None:
        """Stand before its first letter."""
        self._past = Past()
        self._frames = Frames()
        self._real = Mailbox.restore(partition, (), timing, self._frames.misfit)
        self._would = Rerun(partition, timing, self._past, policies)

    def take(self, letter: Letter, stamp: Stamp) -> Otherwise | None:
        """Decide a letter both ways; return in what the decisions differ, None where they do not."""
        decided = self._real.take(letter, stamp)
        self._frames.clear()
        for order in decided.orders:
            self._past.add(order, stamp)
        if isinstance(letter.signal, Outcome):
            self._past.add(letter.signal.fact, stamp)
        self._would.take(letter, stamp.offset, stamp.at)
        would = [seen.value for seen in self._would.told if isinstance(seen.value, Verdict)]
        self._forget()
        return _otherwise(decided.verdicts, would)

    def _forget(self) -> None:
        """What was published is compared within its record, and told once."""
        self._would.told.clear()
        self._past.seen.clear()
        self._past.published.clear()


def _otherwise(was: tuple[Verdict, ...], would: list[Verdict]) -> Otherwise | None:
    """Leave out what both say."""
    left = list(would)
    alone = []
    for verdict in was:
        same = next((each for each in left if _word(each) == _word(verdict)), None)
        if same is None:
            alone.append(verdict)
        else:
            left.remove(same)
    return Otherwise(tuple(alone), tuple(left)) if alone or left else None


def _word(verdict: Verdict) -> tuple[object, ...]:
    return verdict.at, narrate_verdict(verdict), verdict.also, verdict.detail
