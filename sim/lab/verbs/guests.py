"""Verbs about guests and processes: what fails on a host that lives, what its monitors say of it, and its boots."""

from functools import partial

from kasugai.core.words.guest_events import FAILURES
from kasugai.core.words.signals import Source, Symptom
from kasugai.core.words.subject import Kind
from kasugai.sim.cloud.model import Host
from kasugai.sim.lab.grammar import names, options, seconds
from kasugai.sim.lab.laboratory import Lab
from kasugai.sim.lab.verbs.verb import Verb, Words

NOTICED = 1.0
"""Seconds from the end of a guest to its monitor's notification."""

EVENTS = {
    "failed": ("LIFECYCLE", "STOPPED_FAILED"),
    "io-error": ("IO_ERROR", "IO_ERROR_REPORT"),
    "agent-error": ("QEMU_GUEST_AGENT_ERROR", "STOPPED_FAILED"),
    "shut-down": ("LIFECYCLE", "SHUTDOWN_FINISHED"),
    "started": ("LIFECYCLE", "STARTED_BOOTED"),
}
"""What an instance monitor says, by words of a script."""

COMPUTE = "nova-compute"


def _crash(lab: Lab, words: Words) -> str:
    """crash GUEST ... [unreported]: its process on the hypervisor ends by itself; the monitor there tells of it."""
    guests = [name for word in words if word != "unreported" for name in names(word)]
    for guest in guests:
        lab.cloud.guest_dies(guest)
        if "unreported" not in words:
            lab.later(NOTICED, partial(_notice, lab, guest))
    return f"{' '.join(word for word in words if word != 'unreported')} dies on its hypervisor"


def _stall(lab: Lab, words: Words) -> str:
    """stall GUEST [unreported]: its disk fails, its hypervisor lets it stand still, and its monitor tells of that."""
    guest, *rest = words
    unreported = "unreported" in options(rest, "unreported")
    lab.cloud.guest_stalls(guest)
    if not unreported:
        lab.later(NOTICED, partial(_notice, lab, guest, "io-error"))
    return f"{guest} stands still, for its disk fails"


def _task(lab: Lab, words: Words) -> str:
    """task of GUEST is TASK | task of GUEST ends"""
    of, guest, *what = words
    match of, what:
        case "of", ["is", task]:
            lab.cloud.world.guest(guest).task_state = task
        case "of", ["ends"]:
            lab.cloud.world.guest(guest).task_state = None
        case _:
            raise ValueError("task of GUEST is TASK | task of GUEST ends")
    return f"{guest}'s task {' '.join(what)}"


def _notice(lab: Lab, guest: str, event: str = "failed") -> None:
    """Let the monitor of its host speak, if that lives."""
    host = lab.cloud.world.guest(guest).host or ""
    if _lives(lab.cloud.world.hosts[host]):
        _say(lab, guest, host, event, f"{guest}-{lab.broker.now()}")


def _lives(host: Host) -> bool:
    """Whether monitors there can speak, with or without nova-compute."""
    return host.power_on and not host.is_hung and not host.unplugged


def _report(lab: Lab, words: Words) -> str:
    """report instance GUEST EVENT [of=HOST] [id=EPISODE] [age=20s]: an instance monitor's word. `of`: the monitor of
    another host than the one on which Nova has it; GUEST may be one that nobody knows."""
    guest, event, *rest = words
    said = options(rest, "of=", "id=", "age=")
    host = said.get("of") or lab.cloud.world.guest(guest).host or ""
    episode = said.get("id", f"{guest}-{lab.broker.now()}")
    _say(lab, guest, host, event, episode, seconds(said.get("age", "0s")))
    return f"{guest} of {host} is reported: {event}"


def _say(lab: Lab, guest: str, host: str, event: str, episode: str, age: float = 0.0) -> None:
    symptom = Symptom.DOWN if EVENTS[event] in FAILURES else Symptom.CLEAR
    uuid = lab.cloud.uuid(guest) if lab.cloud.knows(guest) else guest
    lab.observe(host, "api", Source.REPORTED, symptom, episode, age=age, kind=Kind.INSTANCE, detail=uuid)


def _alarm(lab: Lab, words: Words) -> str:
    """alarm process|instance NAME of HOST: a monitor's word over REST about what runs on a host."""
    kind, name, of, host = words
    if of != "of" or kind not in (Kind.PROCESS, Kind.INSTANCE):
        raise ValueError("alarm process|instance NAME of HOST")
    if kind == Kind.INSTANCE:
        _say(lab, name, host, "failed", f"instance-{name}")
    else:
        _tell(lab, name, host, Symptom.DOWN, f"process-{name}")
    return f"{kind} {name} of {host} is reported down"


def _process(lab: Lab, words: Words) -> str:
    """process NAME stops|starts on HOST [unreported]: it does, and the monitor there tells STOPPED or STARTED."""
    name, what, _, host, *rest = words
    if what not in ("stops", "starts"):
        raise ValueError("process NAME stops|starts on HOST [unreported]")
    unreported = "unreported" in options(rest, "unreported")
    if name == COMPUTE:
        (lab.cloud.hosts.kill_compute if what == "stops" else lab.cloud.hosts.start_compute)(host)
    if not unreported:
        symptom = Symptom.DOWN if what == "stops" else Symptom.CLEAR
        _tell(lab, name, host, symptom, f"{name}-{what}-{lab.broker.now()}")
    return f"{name} of {host} {what}{', which nobody reports' if unreported else ''}"


def _tell(lab: Lab, name: str, host: str, symptom: Symptom, episode: str) -> None:
    lab.observe(host, "api", Source.REPORTED, symptom, episode, kind=Kind.PROCESS, detail=name)


def _boot(lab: Lab, words: Words) -> str:
    """boot HOST: its heartbeat says that it lives, with a boot id that it has not said before."""
    (host,) = words
    lab.boots[host] = boot = lab.boots.get(host, 0) + 1
    episode = str(boot)
    lab.observe(host, "heartbeat/script", Source.HEARTBEAT, Symptom.ALIVE, episode, boot_id=f"told-{boot}")
    return f"{host} says that it has booted"


VERBS: dict[str, Verb] = {
    "crash": _crash,
    "stall": _stall,
    "task": _task,
    "report instance": _report,
    "alarm": _alarm,
    "process": _process,
    "boot": _boot,
}
