"""A room of forty hosts is switched off and on again under a planned stop, with a guest on each."""

from pathlib import Path

from kasugai.sim.lab.grammar import read_text
from kasugai.sim.lab.runner import Run, play

ROOM = """\
A room is switched off, and on again.

Who has been told of it holds still.

cloud
  segment rack1
{hosts}
  observer heartbeat delay=2s
  observer nova   delay=16s

script
{begin}
  30s   power off c01..c40
  6m    power on c01..c40
  14m   end
"""
HOSTS = "\n".join(f"  host c{number:02} runs g{number:02}" for number in range(1, 41))


def power_cycle(*, announced: bool) -> Run:
    """Play it."""
    begin = "  10s   stop begins rack1" if announced else ""
    return play(read_text(Path("room"), ROOM.format(hosts=HOSTS, begin=begin)))


def test_a_power_cycle_of_forty_hosts_opens_nothing_and_touches_nobody() -> None:
    run = power_cycle(announced=True)
    assert not run.broken
    assert "correlate  open" not in run.log
    assert run.census.count(": on") == 40
    assert run.worker_effects == (), "no call, no flag"


def test_one_that_nobody_has_announced_is_held_as_a_storm() -> None:
    assert "(storm)" in power_cycle(announced=False).log
