"""Verbs about the servers that the pipeline stands on: Kafka and Redis."""

from functools import partial

from kasugai.core.words.subject import host_subject
from kasugai.schemas.codec import MAGIC
from kasugai.schemas.registry import LAST_ID
from kasugai.sim.lab.broker import FAULTS, INCIDENTS, RECOVERY, SIGNALS
from kasugai.sim.lab.grammar import seconds
from kasugai.sim.lab.laboratory import Lab
from kasugai.sim.lab.verbs.verb import Verb, Words

TOPICS = {"faults": FAULTS, "incidents": INCIDENTS, "signals": SIGNALS, "recovery": RECOVERY}


def _kafka_away(lab: Lab, words: Words) -> str:
    """kafka away for 30s"""
    lab.broker.is_away = True
    lab.later(seconds(words[1]), partial(setattr, lab.broker, "is_away", False))
    return f"kafka is away for {words[1]}"


def _rubbish(lab: Lab, words: Words) -> str:
    """kafka takes rubbish about HOST on faults|incidents|signals|recovery: bytes that are no value of ours"""
    _, host, _, what = words
    lab.broker.append(TOPICS[what], host, b"rubbish")
    return f"somebody writes rubbish about {host} on {what}"


def _news(lab: Lab, words: Words) -> str:
    """kafka takes news about HOST on recovery|incidents: what a newer Kasugai writes"""
    _, host, _, what = words
    lab.broker.append(TOPICS[what], host, bytes((MAGIC,)) + LAST_ID.to_bytes(4, "big") + b"of the future")
    return f"a newer Kasugai writes about {host} on {what}"


def _redis(lab: Lab, words: Words) -> str:
    """redis flushed | redis away for 30s | redis forgets 1s | redis garbled about HOST: entry flag ... | redis lies
    about HOST: epoch ..."""
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
        case "garbled":
            host, what = words[2].rstrip(":"), words[3:]
            for each in what:
                lab.ledger.spoil(host_subject(host), each)
            return f"somebody writes into Redis where {host}'s {', '.join(what)} should be"
        case "lies":
            host, what = words[2].rstrip(":"), words[3:]
            for each in what:
                lab.ledger.lie(host_subject(host), each)
            return f"somebody writes into Redis of {host} what reads well and is wrong: {', '.join(what)}"
        case _:
            forms = "garbled about HOST: WHAT ... | lies about HOST: WHAT ..."
            raise ValueError(f"redis flushed | away for TIME | forgets TIME | {forms}")


VERBS: dict[str, Verb] = {
    "kafka away": _kafka_away,
    "kafka takes rubbish": _rubbish,
    "kafka takes news": _news,
    "redis": _redis,
}
