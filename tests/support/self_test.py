"""Three prepared outages as an on-call person meets them: what `kasugai status` says, the incident's report, questions
and their answers. `python -m tests.support.self_test` writes them into the docs; a test holds each answer to the pages.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from kasugai.cli.report.page import page
from kasugai.cli.status import page as screen
from kasugai.core.telling.incident_views import fold
from kasugai.core.telling.report import report
from kasugai.core.telling.status import status
from kasugai.core.words.inventory import SegmentRecord
from tests.support.printed import printed
from tests.support.sources import REPO
from tests.support.stories import records_of

FOLDER = REPO / "docs" / "operators"
PAGE = FOLDER / "self-test.md"
BEGINNING = 1_767_225_600_000
"""When scenarios begin: 2026-01-01."""


@dataclass(frozen=True, slots=True)
class Question:
    """What a reader should be able to say, and where it stands."""

    ask: str
    answer: str
    stands: tuple[str, ...]
    """Words of the status screen or of the report that say so."""


@dataclass(frozen=True, slots=True)
class Outage:
    """A scenario up to a moment."""

    scenario: str
    until: float
    title: str
    questions: tuple[Question, ...]

    @property
    def file(self) -> Path:
        """Where its report is."""
        return FOLDER / "self-test" / f"{self.scenario}.html"


OUTAGES = (
    Outage(
        "no-fence-device",
        600.0,
        "Nothing moves",
        (
            Question(
                "What failed, and how was that known?",
                "Host cmp1 with one guest, web1. Two kinds of witnesses agreed for long enough: another host, and "
                "Nova's record of it.",
                (
                    "Host cmp1 of segment rack1 failed with 1 guest.",
                    "host/cmp2 says down, nova/watch says down",
                    "Enough witnesses for long enough.",
                ),
            ),
            Question(
                "What was done?",
                "Nothing: it was planned four times and held each time, because nothing proves that the host is off.",
                (
                    "It has not been proven that it is off.",
                    "0 of 1 guest went to other hosts.",
                    "4 times",
                    "No step was begun.",
                ),
            ),
            Question(
                "What is left, for whom, and what would they type?",
                "A person. Once somebody knows that the host is off: kasugai incident approve cmp1 --limit fence "
                "--reason ...; then web1 is moved.",
                (
                    "act: something waits for a person",
                    "kasugai incident approve cmp1 --limit fence --reason",
                    "Not back: web1.",
                ),
            ),
        ),
    ),
    Outage(
        "operator-holds-then-approves",
        78.0,
        "Half of it",
        (
            Question(
                "How many guests are back, which one is not, and where is the other?",
                "One of two: web1 runs on cmp2, web2 waits.",
                (
                    "guests: 1 down, 1 back",
                    "1 of 2 guests went to other hosts: 1 on cmp2.",
                    "Not back: web2.",
                ),
            ),
            Question(
                "Who stopped it, when, and with which words?",
                "ann, 19.0 s after the first word against the host: so it is written.",
                ("hold cmp1", "ann: so it is written", "+19.0s"),
            ),
            Question(
                "Is cmp1 off, and how is that known?",
                "Yes: its power was read as off; Nova was told that it is down.",
                (
                    "It was proven that it is off.",
                    "The power was read as off.",
                    "Nova was told that it is down.",
                ),
            ),
            Question(
                "What lets it go on?",
                "An approval of the hold: kasugai incident approve cmp1 --limit hold --reason ...",
                ("held-by-command", "it waits for an approval that names hold."),
            ),
        ),
    ),
    Outage(
        "states-of-guests",
        90.0,
        "All is well, or is it",
        (
            Question(
                "Does anybody have to get up?",
                "No: the recovery is over, and what is left can wait for the day.",
                (
                    "well, but for what somebody has ordered or can wait for the day",
                    "Nothing more is to be done about it.",
                ),
            ),
            Question(
                "How many guests went where, and how were they afterwards?",
                "Seven of eleven, to cmp2; six of these were then seen to be on or off as they had been.",
                (
                    "Host cmp1 of segment rack1 failed with 11 guests.",
                    "7 of 7 guests went to other hosts: 7 on cmp2.",
                    "6 of 6 guests were seen to be on or off as before.",
                ),
            ),
            Question(
                "Four did not: which reasons are there, and is any of them an error?",
                "One never ran, one is shelved, and two their users had deleted. None is an error.",
                (
                    "4 guests were left there on purpose",
                    "It was still being built, or never was",
                    "It is shelved",
                    "Its user has deleted it.",
                ),
            ),
            Question(
                "What of cmp1 itself?",
                "It is out of service until it is back, and counts as unhealthy until then.",
                ("out of service since its recovery", "cmp1 is out of service until it is back"),
            ),
        ),
    ),
)


@cache
def screen_of(outage: Outage) -> str:
    """Return what `kasugai status` prints at that moment."""
    now = BEGINNING + int(outage.until * 1000)
    records = records_of(outage.scenario, outage.until)
    return printed(screen(status(records, [_segment(outage)], now), now, None)).rstrip()


@cache
def report_of(outage: Outage) -> str:
    """Return the report's page at that moment."""
    now = BEGINNING + int(outage.until * 1000)
    records = records_of(outage.scenario, outage.until)
    segment = _segment(outage)
    return page(report(fold(records)[0], records, {segment.segment_id: segment.name}, now))


def _segment(outage: Outage) -> SegmentRecord:
    view = fold(records_of(outage.scenario, outage.until))[0]
    return SegmentRecord(segment_id=view.segment, name="rack1", created_at=BEGINNING)


HEAD = """\
# Can you read it at three in the morning?

Drawn by `python -m tests.support.self_test` from the scenarios: do not edit.

Three prepared outages. For each you have what `kasugai status` says and the [report](report.md) of its incident, and
nothing else: say what failed, what was done and what is left. The answers are at the end; a test holds each of them to
these very pages.
"""


def render() -> str:
    """Return the page."""
    parts = [HEAD]
    for number, outage in enumerate(OUTAGES, 1):
        asked = "".join(f"{place}. {each.ask}\n" for place, each in enumerate(outage.questions, 1))
        parts.append(
            f"\n## {number}. {outage.title}\n\n```\n$ kasugai status\n{screen_of(outage)}\n```\n\n"
            f"[The report](self-test/{outage.file.name}) (open it in a browser).\n\n{asked}"
        )
    parts.append("\n## Answers\n")
    for number, outage in enumerate(OUTAGES, 1):
        told = "".join(f"{place}. {each.answer}\n" for place, each in enumerate(outage.questions, 1))
        parts.append(f"\n{number}. {outage.title} ({outage.scenario}):\n\n{_indented(told)}")
    return "".join(parts)


def _indented(text: str) -> str:
    return "".join(f"   {line}\n" for line in text.splitlines())


def main() -> None:
    """Write all of it."""
    PAGE.write_text(render())
    for outage in OUTAGES:
        outage.file.parent.mkdir(exist_ok=True)
        outage.file.write_text(report_of(outage))


if __name__ == "__main__":
    main()
