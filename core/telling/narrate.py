"""One narrator: turns a decision or a fact into the one sentence that scenario logs, the CLI and the API all print.

Sentences start with the field's verb and name hosts and guests by their names. What is mere bookkeeping has none.
"""

from kasugai.core.words.disks import DiskClass
from kasugai.core.words.facts import Fact, FactKind, StepRecord
from kasugai.core.words.plan import DISKS, Plan
from kasugai.core.words.verdicts import Reason, Verb, Verdict


def narrate_verdict(verdict: Verdict) -> str:
    """Return a verdict's sentence: `suspect cmp1 (first-sighting)`; of a command also who said it and why."""
    subject = verdict.subject.title
    words = f"{verdict.verb} {subject} ({verdict.reason})"
    by_command = verdict.reason is Reason.COMMAND or verdict.verb is Verb.REFUSE
    return f"{words}: {verdict.detail}" if by_command and verdict.detail else words


def narrate_fact(fact: Fact) -> str:
    """Return a fact's sentence; empty for bookkeeping (`working`, a step that was already so)."""
    return _attempt_sentence(fact) if fact.step is None else _step_sentence(fact, fact.step)


def _step_sentence(fact: Fact, step: StepRecord) -> str:
    """Of what is done only that is told which ended by another hand: the rest is seen by what follows."""
    words = step.words.tell(fact.name or fact.host, step.target)
    why = f" ({step.reason})" if step.reason else ""
    match fact.kind:
        case FactKind.STARTED:
            return words
        case FactKind.UNSURE:
            return f"unsure of {words}"
        case FactKind.FAILED:
            return f"failed to {words}{why}"
        case FactKind.ABSOLVED:
            return f"nothing came of {words}{why}"
        case _:
            by = f" by {step.by}" if step.by else ""
            return f"{words}: {step.reason}{by}" if step.reason else ""


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


def _detail(fact: Fact) -> str:
    return f": {fact.detail}" if fact.detail else ""


def _guests(plan: Plan | None) -> str:
    count = len(plan.guests) if plan else 0
    left = f", {len(plan.excluded)} left where they are" if plan and plan.excluded else ""
    unknown = sum(step.params.get(DISKS) == DiskClass.UNKNOWN for step in plan.guests) if plan else 0
    left += f", {unknown} on disks that nobody has described (root-disks)" if unknown else ""
    disabled = f" (disabled before: {plan.disabled})" if plan and plan.disabled else ""
    return f"{count} guest{'' if count == 1 else 's'}{left}{disabled}"
