"""The section `cloud` of a scenario: a segment as it was described, its hosts, and the guests that workers found there.

Nobody records what Nova knows. A worker's plan names the guests that it found and the state that they had; of those
that it left it says only why. What cannot be told is said in `unknown`, for the head of the file.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from enum import StrEnum

from kasugai.cli.exporting.material import Material
from kasugai.core.words.actions import About
from kasugai.core.words.plan import LOCAL_DISK, Prior, Step
from kasugai.core.words.policy import Policy
from kasugai.core.words.subject import Kind
from kasugai.core.words.timing import Millis
from kasugai.core.words.verdicts import Reason
from kasugai.sim.lab.stage import POLICY_WORDS


@dataclass(slots=True)
class Guest:
    """A guest of whom somebody spoke."""

    name: str
    """In the scenario."""
    host: str
    words: list[str] = field(default_factory=list)


class Cast:
    """The guests by their uuids, each with a name that the grammar takes."""

    def __init__(self, material: Material) -> None:
        """Find them in plans, and in what was said of instances."""
        self.guests: dict[str, Guest] = {}
        self.unknown: list[str] = []
        """What the file does not say, a sentence each."""
        for fact in material.facts:
            plan = fact.plan
            for step in plan.steps if plan is not None else ():
                if step.words.about is About.GUEST:
                    self._meet(step, fact.host)
            for uuid, why in plan.excluded if plan is not None else ():
                self._leave(uuid, fact.host, why)
        for word in material.words:
            subject = getattr(word.letter.signal, "subject", None)
            if subject is not None and subject.kind is Kind.INSTANCE:
                self._add(subject.detail, subject.host, "")

    def name(self, uuid: str) -> str:
        """Return what a guest is called; the uuid of one that nobody knows."""
        return self.guests[uuid].name if uuid in self.guests else uuid

    def _meet(self, step: Step, host: str) -> None:
        guest = self._add(step.subject, host, step.name)
        if step.prior is Prior.STOPPED and "stopped" not in guest.words:
            guest.words.append("stopped")

    def _leave(self, uuid: str, host: str, why: str) -> None:
        guest = self._add(uuid, host, "")
        if why == "in-error" and "error" not in guest.words:
            guest.words.append("error")
        elif why == LOCAL_DISK and "image=cirros" not in guest.words:
            guest.words.append("image=cirros")
        elif why not in ("in-error", LOCAL_DISK, "not-marked"):
            self.unknown.append(f"{guest.name} was left where it is ({why}): say why in its line")

    def _add(self, uuid: str, host: str, name: str) -> Guest:
        if uuid not in self.guests:
            taken = {guest.name for guest in self.guests.values()}
            good = name if name.isascii() and name.isidentifier() and name not in taken else ""
            self.guests[uuid] = Guest(good or f"g{len(self.guests) + 1}", host)
        return self.guests[uuid]


def cloud(material: Material, cast: Cast) -> Iterator[str]:
    """Yield the section's lines."""
    segment = material.segment
    policy = segment.policy if segment is not None else Policy()
    armed = () if segment is None or segment.armed else ("disarmed",)
    yield " ".join(["segment", segment_name(material), *armed, *_policy(policy, cast)])
    devices = _without_device(material)
    for name in sorted({*material.hosts, *(guest.host for guest in cast.guests.values() if guest.host)}):
        yield " ".join(["host", name, *_host(material, name, devices), *_runs(cast, name)])
    for uuid, guest in cast.guests.items():
        marked = ["marked"] if _is_marked(material, policy, uuid) else []
        if guest.host and (guest.words or marked):
            yield " ".join(["guest", guest.name, *guest.words, *marked])


def _is_marked(material: Material, policy: Policy, uuid: str) -> bool:
    """Whether something was done about a guest that only marked ones have done."""
    plans = [fact.plan for fact in material.facts if fact.plan is not None]
    moved = {step.subject for plan in plans for step in plan.guests}
    restarted = {fact.subject.detail for fact in material.facts if fact.subject.kind is Kind.INSTANCE}
    left = {guest for plan in plans for guest, why in plan.excluded if why == "not-marked"}
    needs = (not policy.evacuate_all and uuid in moved) or (not policy.restart_all and uuid in restarted)
    return needs and uuid not in left


def segment_name(material: Material) -> str:
    """Return the segment's name, as one word."""
    name = material.segment.name if material.segment is not None else "segment"
    return "-".join(name.split()) or "segment"


def _host(material: Material, name: str, without: frozenset[str]) -> Iterator[str]:
    record = material.hosts.get(name)
    if record is None:
        yield "stranger"
        return
    if record.reserved:
        yield "reserve"
    if record.on_maintenance:
        yield "maintenance"
    if record.root_disks is not None:
        yield f"root-disks={record.root_disks}"
    if name in without:
        yield "nodevice"


def _runs(cast: Cast, host: str) -> list[str]:
    names = [guest.name for guest in cast.guests.values() if guest.host == host]
    return ["runs", *names] if names else []


def _without_device(material: Material) -> frozenset[str]:
    return frozenset(fact.host for fact in material.facts if fact.reason == Reason.NO_FENCE_DEVICE)


def _policy(policy: Policy, cast: Cast) -> Iterator[str]:
    for each in fields(Policy):
        value = getattr(policy, each.name)
        word = each.name.replace("_", "-")
        if value == getattr(Policy(), each.name):
            continue
        text = _text(value, is_time=each.type is Millis)
        if word in POLICY_WORDS and " " not in text:
            yield f"{word}={text}"
        else:
            cast.unknown.append(f"the policy's {word} ({text}) has no word in a scenario")


def _text(value: object, *, is_time: bool) -> str:
    match value:
        case bool():
            return "yes" if value else "no"
        case int() if is_time:
            return f"{value / 1000:g}s"
        case tuple():
            return ",".join(map(str, value))
        case StrEnum():
            return value.value
        case _:
            return str(value)
