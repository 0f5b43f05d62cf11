"""`kasugai route`, `kasugai correlate`, `kasugai worker host`: the processes of a deployment, each until it is ended.

Each loads its own room only when it is the one that was asked for. Logs go to stderr; whoever supervises keeps them.
"""

import argparse
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from kasugai.cli.configured import settings_of
from kasugai.cli.exits import Misused
from kasugai.cli.parser import Nouns, add_config_file, command, group

if TYPE_CHECKING:
    from kasugai.adapters.settings import Settings

FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


def add(nouns: Nouns) -> None:
    """Add the processes."""
    route = command(
        nouns,
        "route",
        "Run route: brings faults, outcomes and the inventory into the mailboxes.",
        ["kasugai route", "kasugai route --config-file kasugai.conf"],
        _route,
    )
    correlate = command(
        nouns,
        "correlate",
        "Run correlate: decides about what lies in the mailboxes.",
        ["kasugai correlate", "OS_STREAM__INSTANCE=correlate-2 kasugai correlate"],
        _correlate,
    )
    workers = group(
        nouns,
        "worker",
        "Run a worker: carries out what correlate has decided.",
        ["kasugai worker host", "kasugai worker host --config-file kasugai.conf"],
    )
    host = command(
        workers,
        "host",
        "Run a worker that recovers hosts: force down, evacuate, restore.",
        ["kasugai worker host", "OS_STREAM__INSTANCE=worker-2 kasugai worker host"],
        _worker,
    )
    for parser in (route, correlate, host):
        parser.add_argument(
            "--demo", action="store_true", help=argparse.SUPPRESS
        )  # accept the embedded broker
        add_config_file(parser)


def _begin(arguments: argparse.Namespace, *needs: str) -> "Settings":
    logging.basicConfig(level=logging.INFO, format=FORMAT)
    return settings_of(arguments, *needs)


def _route(arguments: argparse.Namespace) -> int:
    settings = _begin(arguments)
    from kasugai.streams.route_app import main

    with _fit():
        return main(settings, demo=arguments.demo)


def _correlate(arguments: argparse.Namespace) -> int:
    settings = _begin(arguments)
    from kasugai.streams.correlate_app import main

    with _fit():
        return main(settings, demo=arguments.demo)


def _worker(arguments: argparse.Namespace) -> int:
    settings = _begin(arguments, "nova")
    from kasugai.workers.app import main

    return main(settings, demo=arguments.demo)


@contextmanager
def _fit() -> Iterator[None]:
    """Topics that are not as they must be are for the operator to correct: one line, as for a wrong setting."""
    from kasugai.adapters.kafka.topics import TopicsUnfit

    try:
        yield
    except* TopicsUnfit as found:
        raise Misused(str(_innermost(found))) from found


def _innermost(error: BaseException) -> BaseException:
    return _innermost(error.exceptions[0]) if isinstance(error, BaseExceptionGroup) else error
