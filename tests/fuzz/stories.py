"""Stories that nobody wrote: small clouds and troubles drawn by a seed, held to every invariant.

One that breaks one is printed whole: `kasugai sim run FILE` plays it again, and it is a scenario once mended.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

from kasugai.sim.lab.grammar import read_text
from kasugai.sim.lab.runner import play

TROUBLED = 480
"""Seconds in which troubles begin."""
QUIET = 1_200
"""Seconds after the last one: what waits for ten minutes has been looked at again."""
TROUBLES = 8
"""At most so many."""

AT_WORK, LOOKED_AGAIN = "neither over nor held", "back-off-over"
"""What is held is looked at again and again, for minutes at a time: the end of a story may find it at that."""

Line = Callable[[Random, list[str], list[str]], str]


def _host(draw: Random, hosts: list[str]) -> str:
    return draw.choice(hosts[:2] if draw.random() < 0.7 else hosts)


def _for(draw: Random) -> str:
    return f"{draw.choice((2, 5, 12, 30, 70, 150))}s"


LINES: tuple[Line, ...] = (
    lambda d, h, g: f"power off {_host(d, h)}",
    lambda d, h, g: f"power off {_host(d, h)}",
    lambda d, h, g: f"power on {_host(d, h)}",
    lambda d, h, g: f"boot {_host(d, h)}",
    lambda d, h, g: f"reboot {_host(d, h)}",
    lambda d, h, g: f"hang {_host(d, h)}",
    lambda d, h, g: f"wake {_host(d, h)}",
    lambda d, h, g: f"unplug {_host(d, h)}",
    lambda d, h, g: f"plug {_host(d, h)}",
    lambda d, h, g: f"compute dies on {_host(d, h)}",
    lambda d, h, g: f"compute starts on {_host(d, h)}",
    lambda d, h, g: f"device of {_host(d, h)} {d.choice(('refuses', 'obeys', 'is cut', 'answers'))}",
    lambda d, h, g: f"report {_host(d, h)} {d.choice(('fenced', 'fenced trusted', 'unknown', 'alive'))}",
    lambda d, h, g: f"silence {_host(d, h)} for {_for(d)}",
    lambda d, h, g: f"maintenance begins {_host(d, h)}",
    lambda d, h, g: f"maintenance ends {_host(d, h)}",
    lambda d, h, g: f"operator holds {_host(d, h)}",
    lambda d, h, g: f"operator approves {_host(d, h)} {d.choice(('hold', 'fence', 'quarantine'))}",
    lambda d, h, g: f"operator cancels {_host(d, h)}",
    lambda d, h, g: f"operator retries {_host(d, h)}",
    lambda d, h, g: "operator disarms rack1",
    lambda d, h, g: "operator arms rack1",
    lambda d, h, g: f"operator {d.choice(('forces down', 'lifts', 'disables', 'enables'))} {_host(d, h)}",
    lambda d, h, g: "stop begins rack1",
    lambda d, h, g: f"stop ends rack1{d.choice(('', ' at-once'))}",
    lambda d, h, g: f"crash {d.choice(g)}",
    lambda d, h, g: f"user {d.choice(('stops', 'starts', 'pauses', 'deletes', 'locks'))} {d.choice(g)}",
    lambda d, h, g: f"process nova-compute stops on {_host(d, h)}",
    lambda d, h, g: f"process nova-compute starts on {_host(d, h)}",
    lambda d, h, g: f"worker dies for {_for(d)}",
    lambda d, h, g: f"workers away for {_for(d)}",
    lambda d, h, g: f"correlate away for {_for(d)}",
    lambda d, h, g: f"route away for {_for(d)}",
    lambda d, h, g: "redis flushed",
    lambda d, h, g: f"redis away for {_for(d)}",
    lambda d, h, g: f"kafka away for {_for(d)}",
    lambda d, h, g: f"nova answers 503 for {_for(d)}",
    lambda d, h, g: f"nova api ends for {_for(d)}",
    lambda d, h, g: f"nova loses reply {d.choice(('evacuate', 'force-down', 'stop', 'start'))}",
    lambda d, h, g: f"nova slow {_for(d)} {d.choice(('evacuate', 'force-down', 'stop', 'start'))}",
    lambda d, h, g: f"nova conductor away for {_for(d)}",
    lambda d, h, g: f"nova scheduler away for {_for(d)}",
    lambda d, h, g: f"nova spawns {d.choice(('fail', 'work'))} {_host(d, h)}",
)
"""What may happen; what makes no sense where it happens (a host that is on is switched on) changes nothing."""


def story(seed: int) -> str:
    """Return the text of the story that a seed draws."""
    draw = Random(seed)
    hosts = [f"cmp{number}" for number in range(1, draw.randint(3, 5) + 1)]
    guests = [f"g{number}" for number in range(1, draw.randint(2, 5) + 1)]
    places = {guest: _host(draw, hosts) for guest in guests}
    moments = sorted(draw.randint(10, TROUBLED) for _ in range(draw.randint(2, TROUBLES)))
    return "\n".join(
        [
            f"A story of seed {seed}.",
            "",
            "Drawn, not written.",
            "",
            "cloud",
            f"  segment rack1 {_policy(draw)}",
            *(f"  {_described(draw, host, places)}" for host in hosts),
            *(f"  {line}" for line in _eyes(draw)),
            "",
            "script",
            *(f"  {moment}s {draw.choice(LINES)(draw, hosts, guests)}" for moment in moments),
            f"  {moments[-1] + QUIET}s end",
            "",
        ]
    )


def _policy(draw: Random) -> str:
    words = [f"host-return={draw.choice(('wait', 'power-on', 'by-hand'))}", "max-unhealthy=100"]
    if draw.random() < 0.2:
        words.append("confirm-observers=1")
    if draw.random() < 0.3:
        words.append("restart-all=yes")
    if draw.random() < 0.15:
        words.append("trust-assertions=no")
    return " ".join(words)


def _described(draw: Random, host: str, places: dict[str, str]) -> str:
    runs = [guest for guest, place in places.items() if place == host]
    device = draw.choice(("", "", "", "nodevice ", "spare "))
    return f"host {host} {device}" + (f"runs {' '.join(runs)}" if runs else "")


def _eyes(draw: Random) -> Iterator[str]:
    if draw.random() < 0.2:
        yield "agents all"
    else:
        yield "observer heartbeat"
        if draw.random() < 0.7:
            yield "observer peer"
    if draw.random() < 0.6:
        yield draw.choice(("observer nova delay=16s", "observer os-services"))


def broken(seed: int) -> tuple[str, ...]:
    """Play a seed's story; return the invariants that it breaks."""
    run = play(read_text(Path(f"seed-{seed}"), story(seed)))
    return tuple(each for each in run.broken if not (AT_WORK in each and _is_looked_at_again(each, run.log)))


def _is_looked_at_again(sentence: str, log: str) -> bool:
    """Whether the last thing decided about the incident that a sentence names was another look at what is held."""
    host = sentence.removeprefix("the incident of ").split()[0]
    decided = [line for line in log.splitlines() if " correlate " in line and f" {host} " in line]
    return bool(decided) and LOOKED_AGAIN in decided[-1]
