"""Verbs about the servers that the pipeline stands on: Kafka and Redis."""

from functools import partial

from kasugai.sim.lab.broker import FAULTS, INCIDENTS, SIGNALS
from kasugai.sim.lab.grammar import seconds
from kasugai.sim.lab.laboratory import Lab
from kasugai.sim.lab.verbs.verb import Verb, Words


def _kafka_away(lab: Lab, words: Words) -> str:
    """kafka away for 30s"""
    lab.broker.is_away = True
    lab.later(seconds(words[1]), partial(setattr, lab.broker, "is_away", False))
    return f"kafka is away for {words[1]}"


def _rubbish(lab: Lab, words: Words) -> str:
    """kafka takes rubbish about HOST on faults|incidents|signals: bytes that are no value of ours"""
    _, host, _, what = words
    lab.broker.append({"faults": FAULTS, "incidents": INCIDENTS, "signals": SIGNALS}[what], host, b"rubbish")
    return f"somebody writes rubbish about {host} on {what}"


def _redis(lab: Lab, words: Words) -> str:
    """redis flushed | redis away for 30s | redis fails over [losing 1s]"""
    match words[0]:
        case "flushed":
            lab.ledger.flush()
            return "redis is flushed"
        case "away":
            lab.ledger.away(True)
            lab.later(seconds(words[2]), partial(lab.ledger.away, False))
            return f"redis is away for {words[2]}"
        case "forgets":
            copy = lab.ledger.snapshot()
            lab.later(seconds(words[1]), partial(lab.ledger.restore, copy))
            return ""
        case _:
            raise ValueError("redis flushed | away for TIME | forgets TIME")


VERBS: dict[str, Verb] = {
    "kafka away": _kafka_away,
    "kafka takes rubbish": _rubbish,
    "redis": _redis,
}
