"""Verbs about Nova: its API, its scheduler, its conductor, its cells and how fast guests start."""

from dataclasses import replace
from functools import partial

from kasugai.core.recovering.nova_views import By
from kasugai.sim.cloud.evacuation import save
from kasugai.sim.cloud.rebuild import SPAWN_FAILURE
from kasugai.sim.lab.grammar import options, seconds
from kasugai.sim.lab.laboratory import RESTART, Lab
from kasugai.sim.lab.verbs.verb import Verb, Words


def _nova_503(lab: Lab, words: Words) -> str:
    """nova answers 503 for 30s"""
    lab.cloud.wire.answer_503(seconds(words[1]))
    return f"nova answers 503 for {words[1]}"


def _nova_500(lab: Lab, words: Words) -> str:
    """nova answers 500 to ACTION [N]: the next N calls end in the middle of their work"""
    lab.cloud.answer_500(words[1], int(words[2]) if len(words) > 2 else 1)
    return f"nova's next answer to {words[1]} is 500"


def _nova_unreachable(lab: Lab, words: Words) -> str:
    """nova unreachable 30s"""
    lab.cloud.wire.refuse_connections(seconds(words[0]))
    return f"nova is unreachable for {words[0]}"


def _nova_ends(lab: Lab, words: Words) -> str:
    """nova api ends for 30s"""
    lab.cloud.wire.end_api(seconds(words[1]))
    return f"nova's API ends for {words[1]}, with what is on the wire"


def _nova_dies(lab: Lab, words: Words) -> str:
    """nova api dies behind task|action [N]: the next N evacuations end with the process that carries them out"""
    lab.cloud.api_dies(words[1], int(words[2]) if len(words) > 2 else 1)
    return f"nova's API dies in its next evacuation, behind the {words[1]}"


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


def _nova_away(lab: Lab, words: Words, who: str) -> str:
    """nova conductor|scheduler away for 90s: it stands still"""
    away = {"conductor": lab.cloud.conductor_away, "scheduler": lab.cloud.scheduler_away}[who]
    away(seconds(words[1]))
    return f"nova's {who} is away for {words[1]}"


def _nova_no_host(lab: Lab, words: Words) -> str:
    """nova no-valid-host yes|no"""
    none = _either(words[0], "yes", "no")
    lab.cloud.no_valid_host(none)
    return "nova finds no valid host" if none else "nova finds hosts again"


def _nova_spawns(lab: Lab, words: Words) -> str:
    """nova spawns fail|work HOST"""
    fails = _either(words[0], "fail", "work")
    lab.cloud.fail_spawns(words[1], "the disk is full" if fails else "")
    return f"{words[1]} {'cannot' if fails else 'can'} start guests"


def _nova_cell(lab: Lab, words: Words) -> str:
    """nova cell silent|speaks CELL"""
    if _either(words[0], "silent", "speaks"):
        lab.cloud.silence_cell(words[1])
        return f"{words[1]} goes silent"
    lab.cloud.wake_cell(words[1])
    return f"{words[1]} speaks again"


def _either(word: str, one: str, other: str) -> bool:
    """Whether it is the one word; ValueError when it is neither."""
    if word not in (one, other):
        raise ValueError(f"{one}|{other} belongs here, not {word}")
    return word == one


def _slow_spawn(lab: Lab, words: Words) -> str:
    lab.cloud.world.pace = replace(lab.cloud.world.pace, spawn=seconds(words[0]))
    return f"guests take {words[0]} to start"


def _slow_landing(lab: Lab, words: Words) -> str:
    """landing takes TIME: from a guest's being built to the change of its host"""
    lab.cloud.world.pace = replace(lab.cloud.world.pace, land=seconds(words[0]))
    return f"destinations take {words[0]} to take over what they have built"


def _gives_up(lab: Lab, words: Words) -> str:
    """nova gives GUEST up: it cannot do something with it that nobody has asked for, and writes `error`"""
    guest, up = words
    if up != "up":
        raise ValueError("nova gives GUEST up")
    world, given_up = lab.cloud.world, lab.cloud.world.guest(guest)
    world.voice.asked(given_up.uuid, None, By.NOVA)
    save(given_up, world, vm_state="error", task_state=None)
    return f"nova gives {guest} up, and says that it is in error"


def _caller(lab: Lab, words: Words) -> str:
    """caller USER fails on HOST [by=EXCEPTION]: nova-compute there cannot build a guest for that user"""
    user, fails, on, host, *rest = words
    if (fails, on) != ("fails", "on"):
        raise ValueError("caller USER fails on HOST [by=EXCEPTION]")
    world, exception = lab.cloud.world, options(rest, "by=").get("by", SPAWN_FAILURE)
    world.voice.fails_to_build(user, world.host(host).name, exception)
    return f"{host} cannot build a guest for {user}"


def _bridge(lab: Lab, words: Words) -> str:
    """bridge dies [for TIME]: kill -9, and a new life after 3 s or TIME"""
    dies, *rest = words
    if lab.bridge is None or dies != "dies":
        raise ValueError("bridge dies [for TIME], where nova notifies")
    lab.bridge.die()
    lab.later(seconds(rest[1]) if rest else RESTART, lab.bridge.start)
    return f"the bridge dies{f' for {rest[1]}' if rest else ''}"


VERBS: dict[str, Verb] = {
    "nova gives": _gives_up,
    "caller": _caller,
    "bridge": _bridge,
    "nova answers 500": _nova_500,
    "nova answers 503": _nova_503,
    "nova unreachable": _nova_unreachable,
    "nova api ends": _nova_ends,
    "nova api dies": _nova_dies,
    "nova loses reply": _nova_loses,
    "nova slow": _nova_slow,
    "nova conductor": _nova_conductor,
    "nova conductor away": partial(_nova_away, who="conductor"),
    "nova scheduler away": partial(_nova_away, who="scheduler"),
    "nova no-valid-host": _nova_no_host,
    "nova spawns": _nova_spawns,
    "nova cell": _nova_cell,
    "spawn takes": _slow_spawn,
    "landing takes": _slow_landing,
}
