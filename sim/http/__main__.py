"""`python -m kasugai.sim.http`: a cloud as a process of its own, for the demo and for chaos runs.

Prints one line with its address when it serves, then lives until it is told to end.
"""

import argparse
import asyncio
import signal
import sys
from dataclasses import replace
from pathlib import Path

from kasugai.sim.cloud import CONVOY, QUICK, REAL, SimCloud, large_cloud, two_cores
from kasugai.sim.http.door import serve
from kasugai.sim.http.thread import wall_epoch

PACES = {"real": REAL, "quick": QUICK, "convoy": CONVOY}


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    asyncio.run(_live(_arguments()))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m kasugai.sim.http", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--bind", default="127.0.0.1", help="where to listen")
    parser.add_argument("--url", default="", help="how clients reach it, if not where it listens")
    parser.add_argument("--hosts", type=int, default=4, help="cmp1, cmp2, ...")
    parser.add_argument("--guests", type=int, default=3, help="guests on each host: web1-1, web1-2, ...")
    parser.add_argument(
        "--reserves", type=int, default=0, help="so many of the last hosts are empty and disabled"
    )
    paces = "quick fits the worker's test profile, convoy is a real Nova on two cores"
    parser.add_argument("--pace", choices=PACES, default="quick", help=paces)
    parser.add_argument("--spawn", type=float, default=1.0, help="seconds that building a guest takes")
    parser.add_argument(
        "--congested", action="store_true", help="a Nova on two cores: slower, the more is in progress"
    )
    parser.add_argument("--no-date", action="store_true", help="send no Date header, as uWSGI alone does")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--clouds-yaml", type=Path, help="write a clouds.yaml for the cloud `sim` there")
    return parser.parse_args()


async def _live(arguments: argparse.Namespace) -> None:
    loop = asyncio.get_running_loop()
    pace = replace(PACES[arguments.pace], spawn=arguments.spawn)
    cloud = SimCloud(loop, seed=arguments.seed, pace=pace, epoch=wall_epoch(loop))
    cloud.world.congestion = two_cores if arguments.congested else large_cloud
    cloud.world.sends_date = not arguments.no_date
    _fill(cloud, arguments)
    door = await serve(cloud, arguments.bind, arguments.port, arguments.url.rstrip("/"))
    if arguments.clouds_yaml:
        arguments.clouds_yaml.write_text(door.clouds_yaml())
    sys.stdout.write(f"serving {door.url}\n")
    sys.stdout.flush()
    ended = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ended.set)
    await ended.wait()
    await door.close()


def _fill(cloud: SimCloud, arguments: argparse.Namespace) -> None:
    for number in range(1, arguments.hosts + 1):
        is_reserve = number > arguments.hosts - arguments.reserves
        cloud.add_host(f"cmp{number}", enabled=not is_reserve)
        for guest in range(1, 0 if is_reserve else arguments.guests + 1):
            cloud.add_guest(f"web{number}-{guest}", f"cmp{number}")


if __name__ == "__main__":
    main()
