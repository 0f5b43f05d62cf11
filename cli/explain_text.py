"""Verdicts and plans as people read them: what was done or is wished for, the reason with its sentence, the evidence
or the disks. Values in, text out."""

from collections.abc import Sequence
from shlex import quote
from typing import Any

from kasugai.api.own import shown
from kasugai.cli.incident_text import stamp
from kasugai.cli.tables import Column, Line, Painted, table
from kasugai.core.telling.about import narrate_protection, narrate_standing
from kasugai.core.telling.explain import Decided, Planned
from kasugai.core.telling.incident_views import SHORT
from kasugai.core.telling.narrate import narrate_fact, narrate_verdict
from kasugai.core.telling.numbers import Standing
from kasugai.core.words.plan import DISKS, Step
from kasugai.core.words.verdicts import Verb, Verdict
from kasugai.schemas.meanings import meaning

CODES = {Verb.OPEN: "33", Verb.HOLD: "31", Verb.ALERT: "31", Verb.CLOSE: "32"}
"""ANSI: what stands out on a terminal."""
UNTITLED = (Column(""), Column(""), Column(""))
ROWS = 20
"""Guests of a plan that are shown; `kasugai incident show` has the others."""


def page(told: Sequence[Decided | Planned], word: str) -> list[Line]:
    """Return one block per verdict and plan, oldest first; of a plan only the guest that `word` names, if it does."""
    blocks = [_block(each) if isinstance(each, Decided) else _plan(each, word) for each in told]
    return [line for block in blocks for line in ("", *block)][1:]


def standing_lines(stands: Standing, *, has_words: bool) -> list[Line]:
    """Return how a host stands, and whether it would be recovered or why not."""
    lines: list[Line] = [
        narrate_standing(stands, has_words=has_words),
        f"  now       {narrate_protection(stands)}",
    ]
    if stands.unprotected is not None:
        return [*lines, f"  because   {meaning(stands.unprotected)}"]
    return [*lines, f"  but ask   kasugai power check {quote(stands.host)}: whether its fence device answers"]


def standing_json(stands: Standing) -> dict[str, Any]:
    """Return the stable form: the same keys as `standing` of GET /kasugai/v1/explain."""
    return shown.standing(stands)


def _plan(planned: Planned, word: str) -> list[Line]:
    fact = planned.fact
    rows = [(step.name or step.subject, str(step.action), _disks(step)) for step in planned.guests(word)]
    rows += [(guest, "left", reason) for guest, reason in planned.left(word)]
    lines: list[Line] = [f"  {row}" for row in table(UNTITLED, rows[:ROWS])[1:]]
    if len(rows) > ROWS:
        lines.append(f"  and {len(rows) - ROWS} more: kasugai incident show {str(fact.incident)[:SHORT]}")
    head = f"{stamp(planned.at)}  {narrate_fact(fact)}"
    return [head, f"  incident  {str(fact.incident)[:SHORT]} (attempt {fact.attempt})", *lines]


def _disks(step: Step) -> str:
    disks = step.params.get(DISKS, "")
    return f"disks {disks}" if disks else ""


def _block(decided: Decided) -> list[Line]:
    verdict = decided.verdict
    head = f"{stamp(verdict.at)}  {narrate_verdict(verdict)}"
    code = CODES.get(verdict.verb)
    lines: list[Line] = [(Painted(head, code),) if code else head, *_why(verdict)]
    if verdict.incident is not None:
        lines.append(f"  incident  {str(verdict.incident)[:SHORT]}")
    if verdict.hosts:
        more = f" and {len(verdict.hosts) - ROWS} more" if len(verdict.hosts) > ROWS else ""
        lines.append(f"  hosts     {', '.join(verdict.hosts[:ROWS])}{more}")
        return lines
    return [*lines, *_evidence(verdict)]


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


def as_json(told: Decided | Planned, word: str) -> dict[str, Any]:
    """Return the stable form: of a verdict the same keys as GET /kasugai/v1/verdicts; of a plan its guests and whom it
    leaves."""
    return _verdict_json(told) if isinstance(told, Decided) else _plan_json(told, word)


def _plan_json(planned: Planned, word: str) -> dict[str, Any]:
    return {
        "at": stamp(planned.at),
        "plan": planned.plan.host,
        "incident": str(planned.fact.incident),
        "attempt": planned.fact.attempt,
        "instances": [
            {
                "instance": step.subject,
                "name": step.name,
                "action": str(step.action),
                "disks": step.params.get(DISKS, ""),
            }
            for step in planned.guests(word)
        ],
        "left": [{"instance": guest, "reason": reason} for guest, reason in planned.left(word)],
    }


def _verdict_json(decided: Decided) -> dict[str, Any]:
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
        "hosts": list(verdict.hosts),
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
