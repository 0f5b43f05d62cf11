"""The command line of `kasugai demo`, and its beginning and end: starting everything, and leaving nothing behind."""

import argparse
import asyncio
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from kasugai.cli.exits import Exit, Misused, SaidNo
from kasugai.cli.parser import Nouns, command
from kasugai.cli.terminal import data, talk

if TYPE_CHECKING:
    from kasugai.cli.demo.crew import Crew
    from kasugai.cli.demo.parts import Choice, Parts

NEXT = """\
What to try next:
  {kasugai} sim run host-loses-power   the same rules in virtual time, step by step
  {kasugai} sim list                   the other ways in which hosts die
  {kasugai} demo --keep                leaves everything running, to look around"""


def add(nouns: Nouns) -> None:
    """Add the command."""
    parser = command(
        nouns,
        "demo",
        "See the product work on this machine: a host dies, a worker is killed.",
        ["kasugai demo", "kasugai demo --keep"],
        _run,
    )
    parser.add_argument(
        "--keep", action="store_true", help="leave everything running until Ctrl-C, and say where it is"
    )
    parser.add_argument(
        "--kafka", metavar="HOST:PORT", help="a real Kafka, for the embedded one (topics are made)"
    )
    parser.add_argument("--redis", metavar="URL", help="a real Redis, for the embedded one")
    parser.add_argument(
        "--clouds",
        metavar="NAME",
        help="a real cloud by its name in clouds.yaml, for the simulated one; with --host",
    )
    parser.add_argument(
        "--host", help="with --clouds: a compute host that IS OFF; all its instances are evacuated for real"
    )


def _run(arguments: argparse.Namespace) -> int:
    from kasugai.cli.demo.parts import Choice

    if bool(arguments.clouds) != bool(arguments.host):
        raise Misused(
            "--clouds and --host belong together: the demo does not switch off a real host, it recovers one that is "
            "off; for example: kasugai demo --clouds mycloud --host cmp1.example.org"
        )
    choice = Choice(kafka=arguments.kafka, redis=arguments.redis, cloud=arguments.clouds, host=arguments.host)
    folder = Path(tempfile.mkdtemp(prefix="kasugai-demo-"))
    code = Exit.NO
    try:
        code = Exit(_perform(folder, choice, keep=arguments.keep))
    finally:
        if code is Exit.OK:
            shutil.rmtree(folder, ignore_errors=True)
        else:
            talk(f"The logs of all processes are in {folder}")
    return code


def _perform(folder: Path, choice: "Choice", *, keep: bool) -> int:
    from kasugai.cli.demo.crew import ENGINE, EYES, Crew, agents
    from kasugai.cli.demo.parts import Parts
    from kasugai.cli.demo.screen import Screen
    from kasugai.cli.demo.story import Story
    from kasugai.sim.child import ServerFailedError

    names: dict[str, str] = {}
    screen = Screen(names)
    parts = Parts(folder=folder, choice=choice)
    try:
        parts.start()
        screen.say(*opening(parts))
        roles = {**ENGINE, **EYES, **agents(parts.agents)} if parts.agents else ENGINE
        crew = Crew(folder, parts.config, parts.is_mock, roles, screen.say)
        try:
            crew.start()
            code = asyncio.run(Story(parts, crew, screen, names).play())
            if code == Exit.OK:
                data("", *NEXT.format(kasugai=typed()).splitlines())
            if keep:
                _keep(parts, crew)
        finally:
            crew.stop()
    except ServerFailedError as error:
        raise SaidNo(str(error)) from error
    finally:
        parts.stop()
    return code


def typed() -> str:
    """Return what finds this command again: `make demo` calls one that is not on PATH."""
    called = Path(sys.argv[0])
    found = shutil.which("kasugai")
    is_ours = called.name == "kasugai" and called.is_file()
    elsewhere = is_ours and (found is None or not called.samefile(found))
    return str(called) if elsewhere else "kasugai"


def opening(parts: "Parts") -> list[str]:
    """Return the first lines: what is real, what is not, and how the time-outs are."""
    short = (
        [] if parts.choice.cloud else ["its time-outs are short, and no figure of it speaks for production."]
    )
    kafka = "librdkafka's mock cluster" if parts.is_mock else "yours"
    redis = "embedded" if parts.choice.redis is None else "yours"
    cloud = (
        f"simulated, {parts.simulated.url}, with its hosts' power devices"
        if parts.simulated
        else f"{parts.choice.cloud}, for real"
    )
    return [
        f"Kasugai's demo. The processes are the real ones, under the {parts.profile.upper()} timing profile"
        + (":" if short else "."),
        *short,
        f"  Kafka  {parts.kafka} ({kafka})",
        f"  Redis  {parts.redis} ({redis})",
        f"  Nova   {cloud}",
    ]


def _keep(parts: "Parts", crew: "Crew") -> None:
    """Leave everything running until Ctrl-C."""
    import signal

    processes = ", ".join(f"{name} {pid}" for name, pid in crew.pids().items())
    data(
        "",
        f"Everything is still running: {processes}.",
        f"  {typed()} incident list --config-file {parts.config}",
        f"  {typed()} incident report {parts.host} --config-file {parts.config}",
        f"  {typed()} tap kasugai.verdicts --from-beginning --config-file {parts.config}",
    )
    if parts.simulated is not None:
        data(f"  curl {parts.simulated.url}/sim/census")
    data("Ctrl-C ends it.")
    try:
        signal.pause()
    except KeyboardInterrupt:
        talk("Ending everything.")
