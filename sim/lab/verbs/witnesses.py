"""Verbs about what is said of hosts: reports over REST, single witnesses, and a flood of repetitions."""

from kasugai.core.words.signals import Source, Symptom
from kasugai.core.words.subject import Kind
from kasugai.sim.lab.grammar import options, seconds
from kasugai.sim.lab.laboratory import Lab
from kasugai.sim.lab.verbs.verb import Verb, Words


def _report(lab: Lab, words: Words) -> str:
    """report HOST fenced [trusted]|unknown|alive [id=EPISODE] [age=1h|unknown] [by=OBSERVER]: over REST or by a person;
    `trusted`: the sender may assert that it was fenced."""
    host, what, *rest = words
    said = options(rest, "trusted", "id=", "age=", "by=")
    trusted = "trusted" in said
    symptom = Symptom.ALIVE if what == "alive" else Symptom.DOWN
    if what not in ("fenced", "unknown", "alive"):
        raise ValueError("report HOST fenced|unknown|alive")
    lab.observe(
        host,
        said.get("by", "api"),
        Source.REPORTED,
        symptom,
        said.get("id", f"{what}-{lab.broker.now()}"),
        asserted=what == "fenced",
        trusted=trusted or what != "fenced",
        age=None if said.get("age") == "unknown" else seconds(said.get("age", "0s")),
    )
    return f"{host} is reported {what}" + (" by a trusted sender" if trusted else "")


def _witness(lab: Lab, words: Words) -> str:
    """witness HOST SOURCE down|alive|clear|off [id=EPISODE]: one agent's word."""
    host, source, what, *rest = words
    episode = options(rest, "id=").get("id", "1")
    lab.observe(host, f"{source}/script", Source(source), Symptom(what), episode)
    return f"{source} says that {host} is {what}"


def _flood(lab: Lab, words: Words) -> str:
    """flood HOST with N repeats by SOURCE: one observer says the same again and again."""
    host, _, count, _, _, source = words
    for _ in range(int(count)):
        lab.observe(host, f"{source}/script", Source(source), Symptom.DOWN, "1")
    return f"{count} repetitions by {source}"


def _alarm(lab: Lab, words: Words) -> str:
    """alarm process|instance NAME of HOST: a monitor's word over REST about what runs on a host."""
    kind, name, of, host = words
    if of != "of" or kind == Kind.HOST:
        raise ValueError("alarm process|instance NAME of HOST")
    lab.observe(host, "api", Source.REPORTED, Symptom.DOWN, f"{kind}-{name}", kind=Kind(kind), detail=name)
    return f"{kind} {name} of {host} is reported down"


VERBS: dict[str, Verb] = {
    "report": _report,
    "witness": _witness,
    "flood": _flood,
    "alarm": _alarm,
}
