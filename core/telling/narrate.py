"""One narrator: turns a decision or a fact into the one sentence that scenario logs, the CLI and the API all print.

Sentences start with the field's verb and name hosts and guests by their names. What is mere bookkeeping has none.
"""

from kasugai.core.words.facts import Fact, FactKind
from kasugai.core.words.plan import Plan
from kasugai.core.words.verdicts import Reason, Verb, Verdict


def narrate_verdict(verdict: Verdict) -> str:
    """Return a verdict's sentence: `suspect cmp1 (first-sighting)`; of a command also who said it and why."""
    subject = verdict.subject.title
    words = f"{verdict.verb} {subject} ({verdict.reason})"
    by_command = verdict.reason is Reason.COMMAND or verdict.verb is Verb.REFUSE
    return f"{words}: {verdict.detail}" if by_command and verdict.detail else words


def narrate_fact(fact: Fact) -> str:
    """Return a fact's sentence; empty for bookkeeping (`working`, a step that was already so)."""
    return _step_sentence(fact) if fact.step is not None else _attempt_sentence(fact)


def _step_sentence(fact: Fact) -> str:
    match fact.kind:
        case FactKind.STARTED:
            return _step(fact)
        case FactKind.UNSURE:
            return f"unsure of {_step(fact)}"
        case FactKind.FAILED:
            return f"failed to {_step(fact)}{_why(fact)}"
        case FactKind.ABSOLVED:
            return f"nothing came of {_step(fact)}{_why(fact)}"
        case _:
            return _done(fact)


def _attempt_sentence(fact: Fact) -> str:
    sentences = {
        FactKind.ADOPTED: f"adopt {fact.host} (epoch {fact.epoch})" if fact.epoch > 1 else "",
        FactKind.PLAN: f"plan {fact.host}: {_guests(fact.plan)}",
        FactKind.QUEUED: f"queue {fact.host}",
        FactKind.HELD: f"hold {fact.host} ({fact.reason}){_detail(fact)}",
        FactKind.VETOED: f"veto {fact.host} ({fact.reason})",
        FactKind.FINISHED: f"{fact.subject.kind}-down/{fact.subject.detail or fact.host} {fact.result}{_detail(fact)}",
    }
    return sentences.get(fact.kind, "")


def _step(fact: Fact) -> str:
    action = fact.step.key.split(":", 1)[0] if fact.step else "?"
    to = f" to {fact.step.target}" if fact.step and fact.step.target else ""
    return f"{action} {fact.name or fact.host}{to}"


def _done(fact: Fact) -> str:
    """Only what ended by another hand is told: the rest is seen by what follows."""
    reason = fact.step.reason if fact.step else ""
    return f"{_step(fact)}: {reason}" if reason else ""


def _why(fact: Fact) -> str:
    return f" ({fact.step.reason})" if fact.step and fact.step.reason else ""


def _detail(fact: Fact) -> str:
    return f": {fact.detail}" if fact.detail else ""


def _guests(plan: Plan | None) -> str:
    count = len(plan.guests) if plan else 0
    left = f", {len(plan.excluded)} left where they are" if plan and plan.excluded else ""
    return f"{count} guest{'' if count == 1 else 's'}{left}"
