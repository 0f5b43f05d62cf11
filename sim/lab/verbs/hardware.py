"""Verbs about degraded hardware: who says so and takes it back, and how live migrations go."""

from dataclasses import replace
from functools import partial

from kasugai.core.words.hardware import HARDWARE
from kasugai.core.words.signals import Source, Symptom
from kasugai.core.words.subject import Kind
from kasugai.sim.lab.grammar import options, seconds
from kasugai.sim.lab.laboratory import Lab
from kasugai.sim.lab.verbs.verb import Verb, Words

ALERTS = "alertmanager/degraded"
"""Who speaks for Alertmanager, as in production."""
REPEAT = 30.0
"""Seconds after which an alert that stands is said again."""


def _degraded(lab: Lab, words: Words) -> str:
    """degraded HOST begins|ends [by=alert]: a person says so, or an alert fires and is resolved; degraded HOST unheard:
    nobody says any more that its alert fires, nor that it does not"""
    host, what, *rest = words
    if what == "unheard":
        del lab.degraded[host]
        return f"nobody hears of {host}'s alert any more"
    by = options(rest, "by=").get("by", "person")
    if what not in ("begins", "ends") or by not in ("person", "alert"):
        raise ValueError("degraded HOST begins|ends [by=alert] | degraded HOST unheard")
    if by == "alert":
        _alert(lab, host, begins=what == "begins")
    else:
        symptom = Symptom.DOWN if what == "begins" else Symptom.CLEAR
        _say(lab, host, "cli", Source.REPORTED, symptom, f"{what}-{lab.broker.now()}")
    who = "an alert" if by == "alert" else "a person"
    return f"{who} calls {host} degraded" if what == "begins" else f"{who} calls {host} degraded no more"


def _alert(lab: Lab, host: str, *, begins: bool) -> None:
    if begins:
        episode = f"since-{lab.broker.now()}"
        lab.degraded[host] = episode
        _repeat(lab, host, episode)
    else:
        episode = lab.degraded.pop(host)
        _say(lab, host, ALERTS, Source.METRICS, Symptom.CLEAR, episode)


def _repeat(lab: Lab, host: str, episode: str) -> None:
    if lab.degraded.get(host) == episode:
        _say(lab, host, ALERTS, Source.METRICS, Symptom.DOWN, episode)
        lab.later(REPEAT, partial(_repeat, lab, host, episode))


def _say(lab: Lab, host: str, observer: str, source: Source, symptom: Symptom, episode: str) -> None:
    lab.observe(host, observer, source, symptom, episode, kind=Kind.PROCESS, detail=HARDWARE)


def _live(lab: Lab, words: Words) -> str:
    """live migrations fail|work to HOST | live migrations take TIME"""
    match words:
        case ("fail" | "work" as how, "to", host):
            lab.cloud.fail_live(host, "its CPU is another one" if how == "fail" else "")
            return f"live migrations to {host} {how}"
        case ("take", time):
            lab.cloud.world.pace = replace(lab.cloud.world.pace, live=seconds(time))
            return f"live migrations take {time}"
        case _:
            raise ValueError("live migrations fail|work to HOST | live migrations take TIME")


def _cold(lab: Lab, words: Words) -> str:
    """cold migrations take TIME"""
    match words:
        case ("take", time):
            lab.cloud.world.pace = replace(lab.cloud.world.pace, cold=seconds(time))
            return f"cold migrations take {time}"
        case _:
            raise ValueError("cold migrations take TIME")


VERBS: dict[str, Verb] = {"degraded": _degraded, "live migrations": _live, "cold migrations": _cold}
