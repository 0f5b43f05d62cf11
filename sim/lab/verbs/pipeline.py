"""Verbs about the pipeline's own processes: workers that die, pause or stay away, and correlate."""

from functools import partial

from kasugai.core.words.facts import Fact, FactKind
from kasugai.schemas.topics import HEARTBEATS
from kasugai.sim.lab.broker import RECOVERY
from kasugai.sim.lab.grammar import seconds
from kasugai.sim.lab.laboratory import Lab
from kasugai.sim.lab.mortal import Process
from kasugai.sim.lab.records import Record
from kasugai.sim.lab.verbs.verb import Verb, Words


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


def _route_loses(lab: Lab, words: Words) -> str:
    """route loses its place"""
    if " ".join(words) != "its place":
        raise ValueError("route loses its place")
    lab.route.lose_places()
    return "route loses its place and reads all again"


def _route_away(lab: Lab, words: Words) -> str:
    """route away for 25s"""
    lab.route.absence.begin(seconds(words[1]))
    return f"route is away for {words[1]}"


def _liveness_dies(lab: Lab, words: Words) -> str:
    """liveness dies [for 30s]"""
    gone = seconds(words[1]) if words else 3.0
    assert lab.liveness is not None, "the story has agents"
    lab.liveness.die()
    lab.later(gone, lab.liveness.start)
    return "liveness dies" + (f", for {words[1]}" if words else "")


def _liveness_stalls(lab: Lab, words: Words) -> str:
    """liveness stalls for 30s: it stands still as a whole, and goes on with what it knew"""
    assert lab.liveness is not None, "the story has agents"
    lab.liveness.stall(seconds(words[1]))
    return f"liveness stands still for {words[1]}"


def _say_again(lab: Lab, name: str, record: Record) -> None:
    lab.broker.append(HEARTBEATS, name, record.raw, headers=record.headers)


def _beats_again(lab: Lab, words: Words) -> str:
    """beats of HOST are said again: who has recorded them plays its last minute's, one a second"""
    name = words[1]
    log = lab.broker.log(HEARTBEATS, lab.broker.partition_of(name, HEARTBEATS))
    old = [record for record in log if record.key == name][-60:]
    for after, record in enumerate(old):
        lab.later(float(after), partial(_say_again, lab, name, record))
    return f"the last {len(old)} beats of {name} are said again"


VERBS: dict[str, Verb] = {
    "liveness dies": _liveness_dies,
    "liveness stalls": _liveness_stalls,
    "beats": _beats_again,
    "route away": _route_away,
    "route loses": _route_loses,
    "worker dies": _worker_dies,
    "worker pauses": _worker_pauses,
    "workers away": _workers_away,
    "correlate away": _correlate_away,
}
