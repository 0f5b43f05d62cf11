"""Verbs about commands: what an operator tells Kasugai through the mailbox."""

from functools import partial

from kasugai.core.words.signals import Instruction, Limit
from kasugai.core.words.subject import Kind, Subject, host_subject
from kasugai.sim.lab.grammar import options
from kasugai.sim.lab.laboratory import Lab
from kasugai.sim.lab.verbs.verb import Verb, Words

WHY = "so it is written"


def _to_segment(lab: Lab, words: Words, order: Instruction) -> str:
    """operator arms|disarms SEGMENT"""
    lab.command(order, words[0], WHY)
    return ""


def _end_stop(lab: Lab, words: Words) -> str:
    """stop ends SEGMENT [at-once]"""
    segment, *rest = words
    lab.command(Instruction.END_STOP, segment, WHY, at_once="at-once" in options(rest, "at-once"))
    return ""


def _to_subject(lab: Lab, words: Words, order: Instruction) -> str:
    """operator holds|cancels|retries HOST | instance GUEST | process NAME of HOST"""
    subject = _subject(lab, words)
    lab.command(order, lab.segment_of(subject.host), WHY, subject=subject)
    return ""


def _subject(lab: Lab, words: Words) -> Subject:
    """Return whom a person names: a guest on the host on which Nova has it."""
    match words:
        case ("instance", name):
            guest = lab.cloud.world.guest(name)
            return Subject(kind=Kind.INSTANCE, host=guest.host or "", detail=guest.uuid)
        case ("process", name, "of", host):
            return Subject(kind=Kind.PROCESS, host=host, detail=name)
        case (host,):
            return host_subject(host)
        case _:
            raise ValueError("HOST | instance GUEST | process NAME of HOST")


def _approve(lab: Lab, words: Words) -> str:
    """operator approves SEGMENT | HOST | instance GUEST | process NAME of HOST: storm|hold|fence [up-to=N]"""
    at = next((number for number, word in enumerate(words) if word in set(Limit)), len(words))
    up_to = int(options(words[at + 1 :], "up-to=").get("up-to", "0"))
    limit, named = Limit(words[at]), words[:at]
    if named[0] in lab.segments:
        lab.command(Instruction.APPROVE, named[0], WHY, limit=limit, up_to=up_to)
    else:
        subject = _subject(lab, named)
        lab.command(
            Instruction.APPROVE, lab.segment_of(subject.host), WHY, subject=subject, limit=limit, up_to=up_to
        )
    return ""


VERBS: dict[str, Verb] = {
    "operator arms": partial(_to_segment, order=Instruction.ARM),
    "operator disarms": partial(_to_segment, order=Instruction.DISARM),
    "operator holds": partial(_to_subject, order=Instruction.HOLD),
    "operator cancels": partial(_to_subject, order=Instruction.CANCEL),
    "operator retries": partial(_to_subject, order=Instruction.RETRY),
    "operator retires": partial(_to_subject, order=Instruction.RETIRE),
    "stop begins": partial(_to_segment, order=Instruction.BEGIN_STOP),
    "stop ends": _end_stop,
    "operator approves": _approve,
}
