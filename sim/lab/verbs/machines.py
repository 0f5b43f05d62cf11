"""Verbs about machines: power, network, nova-compute, the fence device, and the room that a host has."""

from functools import partial

from kasugai.core.words.heartbeats import Leave
from kasugai.sim.cloud.model import MANAGEMENT
from kasugai.sim.lab.grammar import names, seconds
from kasugai.sim.lab.laboratory import Lab
from kasugai.sim.lab.verbs.verb import Verb, Words

GOING = 5.0
"""Seconds that an orderly end takes."""


def _host(method: str, sentence: str) -> Verb:
    def act(lab: Lab, words: Words) -> str:
        for name in names(words[0]):
            getattr(lab.cloud.hosts, method)(name)
        return f"{words[0]} {sentence}"

    return act


def _network(method: str, sentence: str) -> Verb:
    """unplug HOST [from NETWORK], plug HOST [into NETWORK]: the management network unless said otherwise."""

    def act(lab: Lab, words: Words) -> str:
        host, *rest = words
        network = rest[1] if rest else MANAGEMENT
        for name in names(host):
            getattr(lab.cloud.hosts, method)(name, network)
        return f"{host} {sentence} the {f'{network} ' if rest else ''}network"

    return act


def _leave(leave: Leave, method: str, sentence: str) -> Verb:
    """shut down HOST, restart HOST: in an orderly way, which its agent says; it takes five seconds."""

    def act(lab: Lab, words: Words) -> str:
        name = words[0]
        assert lab.host_agents is not None, "the story has agents"
        lab.host_agents.leaves(name, leave)
        lab.later(GOING, lambda: getattr(lab.cloud.hosts, method)(name))
        return f"{name} {sentence}"

    return act


def _agent(lab: Lab, words: Words) -> str:
    """agent of HOST wedges for TIME|ends|dies|starts"""
    _, name, what, *rest = words
    assert lab.host_agents is not None, "the story has agents"
    match what:
        case "wedges":
            lab.host_agents.wedge(name, seconds(rest[1]))
        case "ends":
            lab.host_agents.leaves(name, Leave.AGENT)
        case "dies":
            lab.host_agents.all[name].is_dead = True
        case "starts":
            lab.host_agents.start(name)
        case _:
            raise ValueError("agent of HOST wedges for TIME|ends|dies|starts")
    return f"the agent of {name} {' '.join((what, *rest))}"


def _device(lab: Lab, words: Words, number: int = 1) -> str:
    """[spare] device of HOST refuses|obeys|is cut|answers|returns power after TIME"""
    _, host, *what = words
    power = lab.cloud.power
    match what:
        case ["refuses"]:
            power.refuse_fencing(host, number=number)
        case ["obeys"]:
            power.refuse_fencing(host, False, number=number)
        case ["is", "cut"]:
            power.cut_bmc(host, number=number)
        case ["answers"]:
            power.cut_bmc(host, False, number=number)
        case ["returns", "power", "after", time]:
            power.comes_back_by_itself(host, seconds(time))
        case _:
            raise ValueError("device of HOST refuses|obeys|is cut|answers|returns power after TIME")
    return f"the {'spare ' if number > 1 else ''}device of {host} {' '.join(what)}"


def _storage(lab: Lab, words: Words) -> str:
    """storage is away|answers; storage closes|opens HOST by hand"""
    storage = lab.cloud.storage
    match words:
        case ["is", "away"]:
            storage.is_away = True
        case ["answers"]:
            storage.is_away = False
        case ["closes", host, "by", "hand"]:
            storage.block(storage.entry(host), 86_400)
        case ["opens", host, "by", "hand"]:
            storage.unblock(storage.entry(host))
        case ["misses", "an", "address", "of", host]:
            storage.unnamed.add(host)
        case _:
            raise ValueError("storage is away|answers; storage closes|opens HOST by hand")
    return f"the storage {' '.join(words)}"


def _capacity(lab: Lab, words: Words) -> str:
    """capacity of HOST is N"""
    lab.cloud.world.host(words[0]).capacity = int(words[2])
    return f"{words[0]} has room for {words[2]}"


VERBS: dict[str, Verb] = {
    "power off": _host("power_off", "loses power"),
    "power on": _host("power_on", "is switched on"),
    "reboot": _host("reboot", "reboots"),
    "hang": _host("hang", "hangs"),
    "wake": _host("wake", "goes on"),
    "unplug": _network("unplug", "is cut off from"),
    "plug": _network("plug", "is back on"),
    "shut down": _leave(Leave.SHUTDOWN, "power_off", "is shut down"),
    "restart": _leave(Leave.REBOOT, "reboot", "is restarted"),
    "agent": _agent,
    "compute dies on": _host("kill_compute", "loses its nova-compute"),
    "compute starts on": _host("start_compute", "has its nova-compute back"),
    "device": _device,
    "spare device": partial(_device, number=2),
    "storage": _storage,
    "capacity of": _capacity,
}
