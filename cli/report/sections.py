"""The sections of a report's page, each from its part of the document."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from xml.etree.ElementTree import Element

from kasugai.cli.report.guests import timeline
from kasugai.cli.report.markup import Child, tag, with_code
from kasugai.cli.report.tables import folded, section, table
from kasugai.cli.tables import took
from kasugai.core.telling.chain import Link, Try
from kasugai.core.telling.headline import Said
from kasugai.core.telling.noes import No
from kasugai.core.telling.report import Report
from kasugai.core.telling.status import WORDS
from kasugai.core.words.facts import StepState
from kasugai.core.words.timing import BrokerTime, Instant, Millis
from kasugai.core.words.verdicts import Reason
from kasugai.schemas.meanings import meaning

NAMED = 5
"""Witnesses that the first lines name."""
FEW = 40
"""Rows of a section that is shown open; a longer one is folded."""


def all_of(report: Report) -> Iterable[Element]:
    """Yield the sections in their order."""
    yield _headline(report)
    yield _facts(report)
    yield timeline(report)
    yield _evidence(report)
    yield _noes(report)
    yield _people(report)
    yield _chain(report)
    yield _story(report)
    yield _footer(report)


def _headline(report: Report) -> Element:
    head = report.headline
    return tag(
        "header",
        tag("p", WORDS[head.level], class_=f"word {head.level.name.lower()}"),
        tag("h1", head.failed.text),
        tag(
            "dl",
            tag("dt", "How it was known"),
            tag("dd", *_known(report)),
            tag("dt", "What was done"),
            *(tag("dd", *_said(said)) for said in head.done),
            tag("dt", "What is left"),
            *(tag("dd", *_said(said)) for said in head.left),
            tag("dt", "What to type next"),
            tag("dd", tag("code", head.next)),
        ),
    )


def _known(report: Report) -> Sequence[Child]:
    """Why it was opened, and by whose words."""
    words = dict.fromkeys(f"{each.observer} says {each.symptom}" for each in report.witnesses)
    named = ", ".join([*words][:NAMED])
    more = f" and {len(words) - NAMED} more" if len(words) > NAMED else ""
    reason = report.headline.failed.reason
    why = _why(reason) if reason is not None else ["nobody has said"]
    return *why, f" ({named}{more})" if words else None


def _said(said: Said) -> Sequence[Child]:
    return said.text, *([" ", *_why(said.reason)] if said.reason is not None else [])


def _why(reason: Reason) -> Sequence[Child]:
    return tag("code", str(reason)), " ", tag("span", *with_code(meaning(reason)), class_="why")


def _facts(report: Report) -> Element:
    view = report.view
    until = f"{stamp(view.until)} (took {took(Millis(view.until - view.since))})" if view.until else "not yet"
    owners = {owner.epoch for owner in report.owners}
    facts = {
        "Incident": str(view.incident or "none was opened"),
        "Subject": view.subject.name,
        "Segment": report.segment,
        "Phase": str(view.phase),
        "Why": view.why or "-",
        "Opened": stamp(view.since),
        "Closed": until,
        "Attempts, owners": f"{view.attempt}, {len(owners)}",
        "This page was made": stamp(report.made_at),
    }
    pairs = [part for name, text in facts.items() for part in (tag("dt", name), tag("dd", text))]
    return tag("section", tag("h2", "In short"), tag("dl", *pairs, class_="facts"))


def _evidence(report: Report) -> Element:
    begun = report.begun
    rows = [
        (when(each.first, begun), each.observer, each.symptom, each.episode or "-", when(each.last, begun))
        for each in report.witnesses
    ]
    proofs = [tag("p", when(proof.at, begun), f": {proof.what}.") for proof in report.proofs]
    return section(
        "evidence",
        "Evidence",
        "Who said what about it: first and last named by a verdict at these times.",
        table(("First", "Who", "Says", "Episode", "Last"), rows) if rows else tag("p", "None is recorded."),
        *proofs,
    )


def _noes(report: Report) -> Element:
    rows = [_no(no, report.begun) for no in report.noes]
    return section(
        "noes",
        "Each no, and why",
        "Why nothing was done, not yet, or not any more; repeated words once.",
        table(("First", "What", "About", "Why"), rows) if rows else tag("p", "Nobody said no."),
    )


def _no(no: No, begun: BrokerTime) -> Sequence[Child]:
    times = f", {no.times} times, last " if no.times > 1 else ""
    also = [part for reason in no.also for part in (tag("br"), "also ", *_why(reason))]
    detail = [tag("br"), tag("q", no.detail)] if no.detail else []
    return (
        tag("span", when(no.first, begun), times, when(no.last, begun) if times else None),
        str(no.verb),
        no.about,
        tag("span", *_why(no.reason), *also, *detail),
    )


def _people(report: Report) -> Element:
    begun = report.begun
    orders = [
        (
            when(each.at, begun),
            each.said or "-",
            f"{each.verb} {each.about}",
            tag("span", "refused: ", *_why(each.refused)) if each.refused is not None else "done",
        )
        for each in report.ordered
    ]
    words = [(when(each.at, begun), each.by, f"vouched: {each.step}", each.reason) for each in report.vouched]
    owners = [
        (
            when(each.at, begun),
            each.author,
            f"took the incident over (attempt {each.attempt})",
            f"epoch {each.epoch}",
        )
        for each in report.owners
    ]
    rows = [*orders, *words, *owners]
    return section(
        "people",
        "Who did what",
        "Persons by their commands and words, then the workers that owned the incident.",
        table(("When", "Who, and why", "What", "What came of it"), rows)
        if rows
        else tag("p", "No person said anything, and no worker took it over."),
    )


def _chain(report: Report) -> Element:
    rows = [_try(link, each, report.begun) for link in report.chain for each in link.tries]
    return section(
        "chain",
        "The ledger's chain",
        "A worker looks, writes its intent to the log, acts once, and looks until it sees the end.",
        folded(
            f"{len(rows)} tries of {len(report.chain)} steps",
            table(("Step", "Looked", "Intended", "Acted", "Confirmed"), rows),
            is_open=len(rows) <= FEW,
        )
        if rows
        else tag("p", "No step was begun."),
    )


def _try(link: Link, each: Try, begun: BrokerTime) -> Sequence[Child]:
    intended = (
        tag("span", when(each.intended, begun), f" by {each.author}") if each.intended is not None else "-"
    )
    return (
        f"{link.action} {link.name}",
        "not so yet" if each.intended is not None else "so already",
        intended,
        _acted(each, begun),
        _confirmed(each, begun),
    )


def _acted(each: Try, begun: BrokerTime) -> Child:
    if each.intended is None:
        return "nothing was called"
    where = f" to {each.target}" if each.target else ""
    if each.unsure is not None:
        return tag("span", f"called{where}; no answer by ", when(each.unsure, begun))
    return f"called{where}"


def _confirmed(each: Try, begun: BrokerTime) -> Child:
    if each.ended is None:
        return "not yet"
    words = [str(each.state)] if each.state is not StepState.DONE else []
    words += [each.reason] if each.reason else []
    words += [f"on {each.destination}"] if each.destination else []
    words += [f"by {each.by}"] if each.by else []
    return tag("span", when(each.ended, begun), f" {', '.join(words)}" if words else None)


def _story(report: Report) -> Element:
    rows = [(when(line.at, report.begun), line.actor, line.sentence) for line in report.lines]
    return section(
        "story",
        "The story",
        "Every decision and every fact, as they were told.",
        folded(f"{len(rows)} sentences", table(("When", "Who", "What"), rows), is_open=len(rows) <= FEW),
    )


def _footer(report: Report) -> Element:
    return tag(
        "footer",
        tag(
            "p",
            "Made by kasugai incident report from what the topics hold. Times are the broker's, in UTC; +0.0s is the "
            "first word against the subject. Words like these have pages for operators: docs/operators/reasons.",
        ),
    )


def when(at: BrokerTime, begun: BrokerTime) -> Element:
    """Return a time of the day and how long after the first bar's beginning it is."""
    moment = datetime.fromtimestamp(at / 1000, UTC)
    return tag("time", f"{moment:%H:%M:%S} {(at - begun) / 1000:+.1f}s", datetime=stamp(at))


def stamp(at: Instant) -> str:
    """Return a time as RFC 3339 says it, with milliseconds."""
    return datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
