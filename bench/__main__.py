"""`python -m bench [--only NAME,NAME] [-o json]`: every figure of architecture.md section 7 that can be measured here.

Needs what `make services kafka-libs` brings, and an otherwise quiet machine.
"""

import argparse
import sys
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

from bench import (
    agent,
    announce,
    bridge,
    evacuations,
    explain,
    guests,
    landings,
    large,
    latency,
    liveness,
    proof,
    replay,
    strangers,
    takeover,
    throughput,
    whatif,
)
from bench.figures import Figure, show
from bench.site import say

BENCHES: Mapping[str, Callable[[], Iterator[Figure]]] = MappingProxyType(
    {
        "throughput": throughput.run,
        "latency": latency.run,
        "evacuations": evacuations.run,
        "guests": guests.run,
        "takeover": takeover.run,
        "large": large.run,
        "strangers": strangers.run,
        "proof": proof.run,
        "agent": agent.run,
        "liveness": liveness.run,
        "bridge": bridge.run,
        "landings": landings.run,
        "announce": announce.run,
        "explain": explain.run,
        "whatif": whatif.run,
        "replay": replay.run,
    }
)


def main() -> int:
    """Run the benches and print one table."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--only", help=f"some of {', '.join(BENCHES)}, separated by commas")
    parser.add_argument("-o", "--output", choices=["table", "json"], default="table")
    arguments = parser.parse_args()
    chosen = arguments.only.split(",") if arguments.only else list(BENCHES)
    if unknown := set(chosen) - set(BENCHES):
        parser.error(f"no bench {', '.join(sorted(unknown))}; there are: {', '.join(BENCHES)}")
    figures = [figure for name in chosen for figure in _told(name)]
    show(figures, arguments.output)
    return 0


def _told(name: str) -> Iterator[Figure]:
    say(f"{name} begins")
    for figure in BENCHES[name]():
        say(f"{figure.what}: {figure.value:.4g} {figure.unit}")
        yield figure


if __name__ == "__main__":
    sys.exit(main())
