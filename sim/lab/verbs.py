"""The verbs of a scenario's script, one small function each. tests/scenarios/README.md is their grammar.

A verb acts on the laboratory at its time and says so in the log as the world, an operator or a user.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from kasugai.core.facts import Fact, FactKind
from kasugai.core.signals import Source, Symptom
from kasugai.sim.cloud.model import Refused
from kasugai.sim.lab.broker import RECOVERY, Record
from kasugai.sim.lab.grammar import BadScenario, Event, Scenario, seconds
from kasugai.sim.lab.laboratory import Lab
from kasugai.sim.lab.mortal import Process

Words = tuple[str, ...]
Verb = Callable[[Lab, Words], str]
"""Does it and returns the sentence for the log; empty for none."""


def perform(lab: Lab, scenario: Scenario, event: Event) -> None:
    """Carry out one line of the script."""
    for length in (3, 2, 1):
        verb = VERBS.get(" ".join(event.words[:length]))
        if verb is not None:
            try:
                sentence = verb(lab, event.words[length:])
            except Refused as no:
                sentence = f"{' '.join(event.words)}: {no}"
            except (KeyError, ValueError, IndexError) as error:
                raise BadScenario(
                    f"{scenario.path}:{event.number}: {' '.join(event.words)}: {error}"
                ) from error
            if sentence:
                lab.say("world", sentence)
            return
    raise BadScenario(f"{scenario.path}:{event.number}: no verb begins {' '.join(event.words)!r}")


def _host(method: str, sentence: str) -> Verb:
    def act(lab: Lab, words: Words) -> str:
        getattr(lab.cloud.hosts, method)(words[0])
        return f"{words[0]} {sentence}"

    return act


def _guest(method: str, sentence: str) -> Verb:
    def act(lab: Lab, words: Words) -> str:
        getattr(lab.cloud, method)(words[0])
        return sentence.format(words[0])

    return act


def _report(lab: Lab, words: Words) -> str:
    """report HOST fenced|unknown|alive [id=EPISODE] [age=1h] [by=OBSERVER]: over REST or by a person."""
    host, what, *rest = words
    options = dict(word.partition("=")[::2] for word in rest)
    symptom = Symptom.ALIVE if what == "alive" else Symptom.DOWN
    if what not in ("fenced", "unknown", "alive"):
        raise ValueError("report HOST fenced|unknown|alive")
    lab.observe(
        host,
        options.get("by", "api"),
        Source.REPORTED,
        symptom,
        options.get("id", f"{what}-{lab.broker.now()}"),
        asserted=what == "fenced",
        age=seconds(options.get("age", "0s")),
    )
    return f"{host} is reported {what}"


def _witness(lab: Lab, words: Words) -> str:
    """witness HOST SOURCE down|alive|clear|off [id=EPISODE]: one agent's word."""
    host, source, what, *rest = words
    options = dict(word.partition("=")[::2] for word in rest)
    lab.observe(host, f"{source}/script", Source(source), Symptom(what), options.get("id", "1"))
    return f"{source} says that {host} is {what}"


def _worker_dies(lab: Lab, words: Words) -> str:
    """worker dies [after FACT STEP] [for 10s]"""
    gone = seconds(words[words.index("for") + 1]) if "for" in words else 10.0
    if "after" in words:
        at = words.index("after")
        kind, step = FactKind(words[at + 1]), words[at + 2]
        lab.broker.watchers.append(_Trap(lab, kind, step, gone).on_record)
        return ""
    _kill_workers(lab, gone)
    return "the worker dies"


class _Trap:
    """Kills the workers once, right after a fact about a step was recorded."""

    def __init__(self, lab: Lab, kind: FactKind, step: str, gone: float) -> None:
        self._lab = lab
        self._kind = kind
        self._step = step
        self._gone = gone
        self._sprung = False

    def on_record(self, topic: str, record: Record) -> None:
        if self._sprung or topic != RECOVERY or record.value.kind is not self._kind:
            return
        fact: Fact = record.value
        names = (fact.name, fact.step.key if fact.step else fact.host)
        if any(name == self._step or name.startswith(self._step + ":") for name in names):
            self._sprung = True
            self._lab.later(0, partial(_die_now, self._lab, self._gone))


def _die_now(lab: Lab, gone: float) -> None:
    lab.say("world", "the worker dies")
    _kill_workers(lab, gone)


def _kill_workers(lab: Lab, gone: float) -> None:
    lab.end_workers(gone)


def _workers_away(lab: Lab, words: Words) -> str:
    """workers away for 1h"""
    _kill_workers(lab, seconds(words[1]))
    return f"all workers are away for {words[1]}"


def _worker_pauses(lab: Lab, words: Words) -> str:
    """worker pauses before EFFECT for 40s: it stands still in front of that effect; another one takes over after the
    session time-out."""
    at = words.index("for")
    before = " ".join(words[1:at])
    process = lab.workers[0]
    process.pause(before, partial(_stands_still, lab, process, before, seconds(words[at + 1])))
    return ""


def _stands_still(lab: Lab, process: Process, before: str, lasting: float) -> None:
    lab.say("world", f"the worker stands still before its next {before}")
    lab.later(10.0, partial(_replace_worker, lab, process))
    lab.later(lasting, partial(_wake, lab, process))


def _replace_worker(lab: Lab, process: Process) -> None:
    if process in lab.workers:
        lab.workers.remove(process)
    lab.start_worker()


def _wake(lab: Lab, process: Process) -> None:
    lab.say("world", "the paused worker wakes up")
    process.wake()
    lab.later(20.0, partial(_stop_zombie, process))


def _stop_zombie(process: Process) -> None:
    process.is_dead = True


def _correlate_away(lab: Lab, words: Words) -> str:
    """correlate away for 25s"""
    if lab.correlate is not None:
        lab.correlate.kill()
    lab.later(seconds(words[1]), partial(_correlate_back, lab))
    return f"correlate is away for {words[1]}"


def _correlate_back(lab: Lab) -> None:
    if lab.correlate is None:
        lab.start_correlate()


def _kafka_away(lab: Lab, words: Words) -> str:
    """kafka away for 30s"""
    lab.broker.is_away = True
    lab.later(seconds(words[1]), partial(setattr, lab.broker, "is_away", False))
    return f"kafka is away for {words[1]}"


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


def _maintenance(lab: Lab, words: Words) -> str:
    """maintenance begins|ends HOST"""
    on = words[0] == "begins"
    host = lab.hosts[words[1]]
    segment = next(s.name for s in lab.segments.values() if s.segment_id == host.segment_id)
    lab.describe_host(words[1], segment, on_maintenance=on)
    return f"maintenance of {words[1]} {words[0]}"


def _arm(lab: Lab, words: Words, armed: bool) -> str:
    lab.describe_segment(words[0], armed=armed)
    return f"{words[0]} is {'armed' if armed else 'disarmed'}"


def _create_host(lab: Lab, words: Words) -> str:
    """create HOST in SEGMENT: describe a host that Nova knows already."""
    lab.describe_host(words[0], words[2])
    return f"{words[0]} is added to {words[2]}"


def _nova_503(lab: Lab, words: Words) -> str:
    """nova answers 503 for 30s"""
    lab.cloud.wire.answer_503(seconds(words[1]))
    return f"nova answers 503 for {words[1]}"


def _nova_unreachable(lab: Lab, words: Words) -> str:
    """nova unreachable 30s"""
    lab.cloud.wire.refuse_connections(seconds(words[0]))
    return f"nova is unreachable for {words[0]}"


def _nova_loses(lab: Lab, words: Words) -> str:
    """nova loses reply ACTION [N]"""
    lab.cloud.wire.lose_replies(words[0], times=int(words[1]) if len(words) > 1 else 1)
    return f"nova's next reply to {words[0]} is lost"


def _nova_slow(lab: Lab, words: Words) -> str:
    """nova slow TIME ACTION [N]: the next N requests arrive so late"""
    lab.cloud.wire.slow(seconds(words[0]), words[1], times=int(words[2]) if len(words) > 2 else 1)
    return f"nova's wire is slow by {words[0]} for {words[1]}"


def _nova_conductor(lab: Lab, words: Words) -> str:
    """nova conductor TIME: a call is carried out so late"""
    lab.cloud.slow_conductor(seconds(words[0]))
    return f"nova's conductor is late by {words[0]}"


def _nova_no_host(lab: Lab, words: Words) -> str:
    """nova no-valid-host yes|no"""
    lab.cloud.no_valid_host(words[0] == "yes")
    return "nova finds no valid host" if words[0] == "yes" else "nova finds hosts again"


def _nova_spawns(lab: Lab, words: Words) -> str:
    """nova spawns fail|work HOST"""
    lab.cloud.fail_spawns(words[1], "the disk is full" if words[0] == "fail" else "")
    return f"{words[1]} {'cannot' if words[0] == 'fail' else 'can'} start guests"


def _nova_cell(lab: Lab, words: Words) -> str:
    """nova cell silent|speaks CELL"""
    if words[0] == "silent":
        lab.cloud.silence_cell(words[1])
    else:
        lab.cloud.wake_cell(words[1])
    return f"{words[1]} {'goes silent' if words[0] == 'silent' else 'speaks again'}"


def _operator(lab: Lab, words: Words) -> str:
    """operator forces down HOST | lifts HOST | evacuates GUEST | disables HOST"""
    cloud = lab.cloud
    match words:
        case ("forces", "down", host):
            cloud.operator_forces_down(host)
        case ("lifts", host):
            cloud.operator_forces_down(host, False)
        case ("evacuates", guest):
            cloud.operator_evacuates(guest)
        case ("disables", host):
            cloud.operator_disables(host)
        case ("enables", host):
            cloud.operator_enables(host)
        case ("migrates", guest, "to", host, *rest):
            cloud.operator_live_migrates(guest, host, **_spans(rest))
        case _:
            raise ValueError("operator forces down|lifts|evacuates|disables|enables|migrates")
    return f"an operator {' '.join(words)}"


def _spans(rest: list[str]) -> dict[str, float]:
    return {key.replace("-", "_"): seconds(value) for key, _, value in (w.partition("=") for w in rest)}


def _device(lab: Lab, words: Words) -> str:
    """device of HOST refuses|obeys|is cut|answers|returns power after TIME"""
    _, host, *what = words
    power = lab.cloud.power
    match what:
        case ["refuses"]:
            power.refuse_fencing(host)
        case ["obeys"]:
            power.refuse_fencing(host, False)
        case ["is", "cut"]:
            power.cut_bmc(host)
        case ["answers"]:
            power.cut_bmc(host, False)
        case ["returns", "power", "after", time]:
            power.comes_back_by_itself(host, seconds(time))
        case _:
            raise ValueError("device of HOST refuses|obeys|is cut|answers|returns power after TIME")
    return f"the device of {host} {' '.join(what)}"


def _unplug(lab: Lab, words: Words) -> str:
    lab.cloud.hosts.unplug(words[0])
    return f"{words[0]} is cut off from the network"


def _plug(lab: Lab, words: Words) -> str:
    lab.cloud.hosts.plug(words[0])
    return f"{words[0]} is back on the network"


def _flood(lab: Lab, words: Words) -> str:
    """flood HOST with N repeats by SOURCE: one observer says the same again and again."""
    host, _, count, _, _, source = words
    for _ in range(int(count)):
        lab.observe(host, f"{source}/script", Source(source), Symptom.DOWN, "1")
    return f"{count} repetitions by {source}"


def _capacity(lab: Lab, words: Words) -> str:
    """capacity of HOST is N"""
    lab.cloud.world.host(words[0]).capacity = int(words[2])
    return f"{words[0]} has room for {words[2]}"


def _slow_spawn(lab: Lab, words: Words) -> str:
    lab.cloud.world.pace = replace(lab.cloud.world.pace, spawn=seconds(words[0]))
    return f"guests take {words[0]} to start"


def _end(lab: Lab, words: Words) -> str:
    return ""


VERBS: dict[str, Verb] = {
    "power off": _host("power_off", "loses power"),
    "power on": _host("power_on", "is switched on"),
    "reboot": _host("reboot", "reboots"),
    "hang": _host("hang", "hangs"),
    "wake": _host("wake", "goes on"),
    "unplug": _unplug,
    "plug": _plug,
    "compute dies on": _host("kill_compute", "loses its nova-compute"),
    "compute starts on": _host("start_compute", "has its nova-compute back"),
    "user stops": _guest("user_stops", "a user stops {}"),
    "user deletes": _guest("user_deletes", "a user deletes {}"),
    "user starts": _guest("user_starts", "a user starts {}"),
    "report": _report,
    "witness": _witness,
    "worker dies": _worker_dies,
    "worker pauses": _worker_pauses,
    "workers away": _workers_away,
    "correlate away": _correlate_away,
    "kafka away": _kafka_away,
    "redis": _redis,
    "maintenance": _maintenance,
    "arm": partial(_arm, armed=True),
    "disarm": partial(_arm, armed=False),
    "create": _create_host,
    "nova answers 503": _nova_503,
    "nova unreachable": _nova_unreachable,
    "nova loses reply": _nova_loses,
    "nova slow": _nova_slow,
    "nova conductor": _nova_conductor,
    "nova no-valid-host": _nova_no_host,
    "nova spawns": _nova_spawns,
    "nova cell": _nova_cell,
    "operator": _operator,
    "device": _device,
    "flood": _flood,
    "capacity of": _capacity,
    "spawn takes": _slow_spawn,
    "end": _end,
}
