"""Verdicts as people read them: what was done, the reason with its sentence, and the evidence. Values in, text out."""

from collections.abc import Sequence
from typing import Any

from kasugai.cli.incident_text import SHORT, stamp
from kasugai.core.telling.explain import Decided
from kasugai.core.telling.narrate import narrate_verdict
from kasugai.core.words.verdicts import Verb, Verdict
from kasugai.schemas.meanings import meaning

STYLES = {
    Verb.OPEN: "yellow",
    Verb.HOLD: "red",
    Verb.ALERT: "red",
    Verb.CLOSE: "green",
}
"""What stands out on a terminal."""

_COLOURS = {"yellow": "33", "red": "31", "green": "32"}


def page(decided: Sequence[Decided], *, coloured: bool = False) -> str:
    """Return one block per verdict, oldest first."""
    return "\n\n".join(_block(each, coloured) for each in decided)


def _block(decided: Decided, coloured: bool) -> str:
    verdict = decided.verdict
    head = f"{stamp(verdict.at)}  {narrate_verdict(verdict)}"
    lines = [_painted(head, STYLES.get(verdict.verb, ""), coloured), *_why(verdict)]
    if verdict.incident is not None:
        lines.append(f"  incident  {str(verdict.incident)[:SHORT]}")
    lines += _evidence(verdict)
    return "\n".join(lines)


def _why(verdict: Verdict) -> list[str]:
    reasons = [f"  because   {meaning(verdict.reason)}"]
    reasons += [f"  also      {reason}: {meaning(reason)}" for reason in verdict.also]
    return reasons + ([f"  namely    {verdict.detail}"] if verdict.detail else [])


def _evidence(verdict: Verdict) -> list[str]:
    lines = [
        f"  evidence  {each.observer} says {each.symptom} (episode {each.episode or '-'})"
        for each in verdict.evidence
    ]
    more = verdict.count - len(verdict.evidence)
    if more > 0:
        lines.append(f"  evidence  {more} more in other parts of this verdict")
    return lines or ["  evidence  none stands"]


def _painted(text: str, colour: str, coloured: bool) -> str:
    return f"\x1b[{_COLOURS[colour]}m{text}\x1b[0m" if coloured and colour else text


def as_json(decided: Decided) -> dict[str, Any]:
    """Return the stable form of a verdict: the same keys as GET /kasugai/v1/verdicts."""
    verdict = decided.verdict
    return {
        "verdict": str(verdict.verdict_id),
        "at": stamp(verdict.at),
        "subject": verdict.subject.name,
        "segment_id": verdict.segment,
        "verb": str(verdict.verb),
        "reason": str(verdict.reason),
        "meaning": meaning(verdict.reason),
        "also": [str(reason) for reason in verdict.also],
        "detail": verdict.detail,
        "incident": str(verdict.incident) if verdict.incident else None,
        "evidence": [
            {
                "event_id": str(each.event_id),
                "observer": each.observer,
                "symptom": each.symptom,
                "episode": each.episode,
            }
            for each in verdict.evidence
        ],
        "count": verdict.count,
    }
