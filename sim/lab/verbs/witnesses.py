"""Verbs about what is said of hosts: reports over REST, single witnesses, a flood of repetitions, silences."""

from kasugai.core.words.sighting import Sighting
from kasugai.core.words.signals import Source, Symptom
from kasugai.core.words.silences import Silence
from kasugai.sim.lab.broker import SIGHTINGS, SILENCES
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
    """witness HOST SOURCE down|dumping|alive|clear|off [id=EPISODE] [age=1h] [by=OBSERVER] [key=HOST|none] [on=TOPIC]:
    one observer's word; an agent's, signed with another host's key than its own, or not at all."""
    host, source, what, *rest = words
    said = options(rest, "id=", "age=", "by=", "key=", "on=")
    by, age = said.get("by", _script(source)), seconds(said.get("age", "0s"))
    signer = said.get("key")
    lab.observe(
        host,
        by,
        Source(source),
        Symptom(what),
        said.get("id", "1"),
        age=age,
        signer="" if signer == "none" else signer,
        topic=f"kasugai.{said['on']}" if "on" in said else "",
    )
    signed = f", signed {'by nobody' if signer == 'none' else f'by {signer}'}" if signer else ""
    return f"{source} says that {host} is {what}{signed}"


def _replay(lab: Lab, words: Words) -> str:
    """replay OBSERVER down|clear: somebody sends the last such word of an agent about another host again, as it was."""
    observer, what = words
    lab.play_again(observer, Symptom(what))
    return f"somebody sends the last {what} of {observer} again"


def _script(source: str) -> str:
    """Return who speaks for that kind of witness in a script: an agent has a host's name."""
    return f"{'host' if source == Source.PEER else source}/script"


def _flood(lab: Lab, words: Words) -> str:
    """flood HOST with N repeats by SOURCE: one observer says the same again and again."""
    host, _, count, _, _, source = words
    for _ in range(int(count)):
        lab.observe(host, _script(source), Source(source), Symptom.DOWN, "1")
    return f"{count} repetitions by {source}"


def _silence(lab: Lab, words: Words) -> str:
    """silence HOST for TIME | ends: what Alertmanager's silences say of a host."""
    host, how, *rest = words
    if how not in ("for", "ends") or len(rest) != (how == "for"):
        raise ValueError("silence HOST for TIME | ends")
    until = lab.broker.now() + int(seconds(rest[0]) * 1000) if rest else 0
    said = Silence(host=host, until=until, observer="alertmanager", author="kimura", reason="new memory")
    lab.broker.append(SILENCES, host, said)
    return f"{host} is silenced for {rest[0]}" if rest else f"the silence about {host} ends"


def _prometheus(lab: Lab, words: Words) -> str:
    """prometheus is away|partial|well"""
    if words[:1] != ("is",) or words[1:] not in (("away",), ("partial",), ("well",)):
        raise ValueError("prometheus is away|partial|well")
    lab.prometheus = words[1]
    return f"Prometheus {'answers in part' if words[1] == 'partial' else f'is {words[1]}'}"


def _tell(lab: Lab, words: Words) -> str:
    """tell GUEST landed from HOST: a bystander's tale, whatever is true."""
    guest, landed, origin, host = words
    if (landed, origin) != ("landed", "from"):
        raise ValueError("tell GUEST landed from HOST")
    uuid = lab.cloud.uuid(guest)
    lab.broker.append(SIGHTINGS, host, Sighting(host=host, guest=uuid, observer="bridge"))
    return f"the bridge tells that {guest} has landed"


VERBS: dict[str, Verb] = {
    "report": _report,
    "witness": _witness,
    "replay": _replay,
    "flood": _flood,
    "silence": _silence,
    "tell": _tell,
    "prometheus": _prometheus,
}
