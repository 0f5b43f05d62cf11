"""Verbs about commands: what an operator tells Kasugai through the mailbox."""

from functools import partial

from kasugai.core.words.signals import Instruction, Limit
from kasugai.sim.lab.grammar import options
from kasugai.sim.lab.laboratory import Lab
from kasugai.sim.lab.verbs.verb import Verb, Words

WHY = "so it is written"


def _to_segment(lab: Lab, words: Words, order: Instruction) -> str:
    """operator arms|disarms SEGMENT"""
    lab.command(order, words[0], WHY)
    return ""


def _to_host(lab: Lab, words: Words, order: Instruction) -> str:
    """operator holds|cancels|retries HOST"""
    lab.command(order, lab.segment_of(words[0]), WHY, host=words[0])
    return ""


def _approve(lab: Lab, words: Words) -> str:
    """operator approves HOST|SEGMENT storm|hold|fence [up-to=N]"""
    name, limit, *rest = words
    up_to = int(options(rest, "up-to=").get("up-to", "0"))
    host, segment = ("", name) if name in lab.segments else (name, lab.segment_of(name))
    lab.command(Instruction.APPROVE, segment, WHY, host=host, limit=Limit(limit), up_to=up_to)
    return ""


VERBS: dict[str, Verb] = {
    "operator arms": partial(_to_segment, order=Instruction.ARM),
    "operator disarms": partial(_to_segment, order=Instruction.DISARM),
    "operator holds": partial(_to_host, order=Instruction.HOLD),
    "operator cancels": partial(_to_host, order=Instruction.CANCEL),
    "operator retries": partial(_to_host, order=Instruction.RETRY),
    "operator approves": _approve,
}
