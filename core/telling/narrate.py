"""One narrator: turns a decision or a fact into the one sentence that scenario logs, the CLI and the API all print.

Sentences start with the field's verb and name hosts and guests by their names. What is mere bookkeeping has none.
"""

from collections import Counter
from collections.abc import Iterable

from kasugai.core.telling.kinds import TELLINGS
from kasugai.core.words.actions import About, Meaning
from kasugai.core.words.disks import DiskClass
from kasugai.core.words.facts import Fact, FactKind, StepRecord
from kasugai.core.words.hardware import is_hardware
from kasugai.core.words.plan import DISKS, Plan, Step
from kasugai.core.words.verdicts import Reason, Verb, Verdict


def narrate_verdict(verdict: Verdict) -> str:
    """Return a verdict's sentence: `suspect cmp1 (first-sighting)`; of a command also who said it and why, of
    hosts that failed together how many they are."""
    subject = verdict.subject.title
    words = f"{verdict.verb} {subject} ({verdict.reason})"
    by_command = verdict.reason is Reason.COMMAND or verdict.verb is Verb.REFUSE
    return f"{words}: {verdict.detail}" if (by_command or verdict.hosts) and verdict.detail else words


def narrate_fact(fact: Fact) -> str:
    """Return a fact's sentence; empty for bookkeeping (`working`, a step that was already so)."""
    return _attempt_sentence(fact) if fact.step is None else _step_sentence(fact, fact.step)


def _step_sentence(fact: Fact, step: StepRecord) -> str:
    """Of what is done only that is told which ended by another hand: the rest is seen by what follows."""
    words = step.words.tell(fact.name or _subject_of(fact, step), step.target)
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


def _subject_of(fact: Fact, step: StepRecord) -> str:
    """What a step's subject is called where nobody has named it."""
    return fact.host if step.words.about is About.HOST else step.subject


def _attempt_sentence(fact: Fact) -> str:
    whom = _whom(fact)
    sentences = {
        FactKind.ADOPTED: f"adopt {whom} (epoch {fact.epoch})" if fact.epoch > 1 else "",
        FactKind.PLAN: f"plan {whom}: {_plan(fact)}",
        FactKind.QUEUED: f"queue {whom}",
        FactKind.HELD: f"hold {whom} ({fact.reason}){_detail(fact)}",
        FactKind.VETOED: f"veto {whom} ({fact.reason})",
        FactKind.FINISHED: f"{_fault(fact)} {fact.result}{_detail(fact)}",
    }
    return sentences.get(fact.kind, "")


def _whom(fact: Fact) -> str:
    """A host by its name, everything else by its full name; a guest also by what its user calls it, once known."""
    subject = fact.subject
    name = _named(fact.plan, subject.detail)
    return f"{subject.title} ({name})" if name not in ("", subject.detail) else subject.title


def _named(plan: Plan | None, guest: str) -> str:
    steps = plan.steps if plan else ()
    return next((s.name for s in steps if s.subject == guest and s.words.about is About.GUEST), "")


def _fault(fact: Fact) -> str:
    """What it was about: `host-down/cmp1`, `process-down/cmp1/nova-compute`, `degraded/cmp1`; `process-back/...` where
    what an earlier incident did was undone."""
    subject, plan = fact.subject, fact.plan
    meanings = {step.words.meaning for step in (plan.steps if plan else ())}
    word = "retired" if Meaning.RETIRED in meanings else "back" if Meaning.OPENED in meanings else "down"
    if is_hardware(subject):
        return f"{'degraded-no-more' if word == 'back' else 'degraded'}/{subject.host}"
    name = subject.name.removeprefix(f"{subject.kind}/")
    return f"{subject.kind}-{word}/{name}"


def _plan(fact: Fact) -> str:
    steps = fact.plan.steps if fact.plan else ()
    if TELLINGS[fact.subject.kind].has_many and not _brings_back(steps):
        return _guests(fact.plan)
    return (
        _counted(str(s.action) for s in steps if s.words.meaning is not Meaning.ALL_SEEN) or "nothing to do"
    )


def _counted(actions: Iterable[str]) -> str:
    """Each by its name, and how many there are of those that are several."""
    counts = Counter(actions)
    return ", ".join(f"{action} of {count}" if count > 1 else action for action, count in counts.items())


def _brings_back(steps: Iterable[Step]) -> bool:
    """Whether a plan undoes what an earlier incident did, or gives its host up."""
    return any(step.words.meaning in (Meaning.OPENED, Meaning.RETIRED) for step in steps)


def _detail(fact: Fact) -> str:
    return f": {fact.detail}" if fact.detail else ""


def _guests(plan: Plan | None) -> str:
    count = len(plan.guests) if plan else 0
    left = f", {len(plan.excluded)} left where they are" if plan and plan.excluded else ""
    unknown = sum(step.params.get(DISKS) == DiskClass.UNKNOWN for step in plan.guests) if plan else 0
    left += f", {unknown} on disks that nobody has described (root-disks)" if unknown else ""
    disabled = f" (disabled before: {plan.disabled})" if plan and plan.disabled else ""
    return f"{count} guest{'' if count == 1 else 's'}{left}{disabled}"
