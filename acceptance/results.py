"""What each case came to, and the table of all at the end."""

import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from acceptance.progress import say
from kasugai.cli.tables import Column, table


class Verdict(StrEnum):
    """What a case came to."""

    OK = "ok"
    FAILED = "FAILED"
    EXPECTED = "not yet"
    """It fails and is known to, by its name. One that succeeds all the same is FAILED: the list of names is old."""
    NOT_HERE = "not here"
    """It cannot be played on these services; what is said is why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One case."""

    subject: str
    case: str
    verdict: Verdict
    seconds: float
    said: str = ""
    """What was found, in one line."""


Check = Callable[[], str]
"""Judges one thing: returns what it found; AssertionError, or any other exception, says what is wrong."""


def check(subject: str, case: str, judge: Check) -> Result:
    """Judge one case and tell what came of it. Only KeyboardInterrupt and SystemExit pass."""
    began = time.monotonic()
    try:
        said, verdict = judge(), Verdict.OK
    except Exception as error:
        said, verdict = _one_line(error), Verdict.FAILED
    return told(
        Result(subject=subject, case=case, verdict=verdict, seconds=time.monotonic() - began, said=said)
    )


def told(result: Result) -> Result:
    """Say a result as it comes, and return it."""
    say(f"{result.subject}: {result.case}: {result.verdict} ({result.said})")
    return result


def collected(subject: str, chapter: Callable[[], Iterator[Result]]) -> Iterator[Result]:
    """Yield a chapter's results; one that breaks off is a failed case of its own, and the next chapter goes on."""
    began = time.monotonic()
    try:
        yield from chapter()
    except Exception as error:
        yield told(
            Result(
                subject=subject,
                case="the chapter broke off",
                verdict=Verdict.FAILED,
                seconds=time.monotonic() - began,
                said=_one_line(error),
            )
        )


def show(results: Sequence[Result]) -> None:
    """Print the table, and a line that counts."""
    columns = [
        Column("SUBJECT"),
        Column("CASE"),
        Column("VERDICT"),
        Column("SECONDS", right=True),
        Column(""),
    ]
    rows = [
        (one.subject, one.case, str(one.verdict), f"{one.seconds:.1f}", one.said[:120]) for one in results
    ]
    counts = ", ".join(f"{_count(results, verdict)} {verdict}" for verdict in Verdict)
    shown = "\n".join(table(columns, rows))
    sys.stdout.write(f"{shown}\n\n{len(results)} cases: {counts}\n")
    sys.stdout.flush()


def failed(results: Iterable[Result]) -> bool:
    """Whether anything is wrong."""
    return any(result.verdict is Verdict.FAILED for result in results)


def _count(results: Iterable[Result], verdict: Verdict) -> int:
    return sum(result.verdict is verdict for result in results)


def _one_line(error: Exception) -> str:
    lines = str(error).strip().splitlines() or [""]
    return f"{type(error).__name__}: {lines[0]}"[:300]
