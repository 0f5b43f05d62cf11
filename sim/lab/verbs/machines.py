"""Verbs about machines: power, network, nova-compute, the fence device, and the room that a host has."""

from functools import partial

from kasugai.sim.lab.grammar import names, seconds
from kasugai.sim.lab.laboratory import Lab
from kasugai.sim.lab.verbs.verb import Verb, Words


def _host(method: str, sentence: str) -> Verb:
    def act(lab: Lab, words: Words) -> str:
        for name in names(words[0]):
            getattr(lab.cloud.hosts, method)(name)
        return f"{words[0]} {sentence}"

    return act


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
    "unplug": _host("unplug", "is cut off from the network"),
    "plug": _host("plug", "is back on the network"),
    "compute dies on": _host("kill_compute", "loses its nova-compute"),
    "compute starts on": _host("start_compute", "has its nova-compute back"),
    "device": _device,
    "spare device": partial(_device, number=2),
    "capacity of": _capacity,
}
