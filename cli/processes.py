"""`kasugai route`, `liveness`, `correlate`, `worker`, `project`, `api`: a deployment's processes, each until ended.

Each loads its own room only when it is the one that was asked for. Logs go to stderr; whoever supervises keeps them.
"""

import argparse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from kasugai.cli.configured import files_of, settings_of
from kasugai.cli.exits import Exit, Misused
from kasugai.cli.parser import Nouns, add_config_file, command
from kasugai.core.words.subject import INCIDENT_KINDS, Kind

if TYPE_CHECKING:
    from kasugai.adapters.settings import Settings
    from kasugai.adapters.telemetry.process import Observed

Live = Callable[["Settings", "Observed"], int]
"""A process's own part; returns the exit code."""


def add(nouns: Nouns) -> None:
    """Add the processes."""
    route = command(
        nouns,
        "route",
        "Run route: brings faults, outcomes and the inventory into the mailboxes.",
        ["kasugai route", "kasugai route --config-file kasugai.conf"],
        _route,
    )
    liveness = command(
        nouns,
        "liveness",
        "Run liveness: sees by their heartbeats which hosts live.",
        ["kasugai liveness", "OS_STREAM__INSTANCE=liveness-2 kasugai liveness"],
        _liveness,
    )
    correlate = command(
        nouns,
        "correlate",
        "Run correlate: decides about what lies in the mailboxes.",
        ["kasugai correlate", "OS_STREAM__INSTANCE=correlate-2 kasugai correlate"],
        _correlate,
    )
    worker = command(
        nouns,
        "worker",
        "Run a worker: recovers hosts, instances or processes as correlate decided.",
        ["kasugai worker host", "kasugai worker host instance process"],
        _worker,
    )
    worker.add_argument(
        "kinds",
        nargs="+",
        choices=sorted(kind.value for kind in INCIDENT_KINDS),
        metavar="KIND",
        help="what it recovers, one or several: host (force down, evacuate, restore), instance (stop, start), "
        "process (disable its host)",
    )
    worker.add_argument(
        "--check",
        action="store_true",
        help="only ask Nova, without any effect, for every right that a recovery needs; exit 1 if one is missing",
    )
    project = command(
        nouns,
        "project",
        "Run the projector: computes from the topics what the REST API shows.",
        ["kasugai project", "kasugai project --rebuild"],
        _project,
    )
    project.add_argument(
        "--rebuild", action="store_true", help="drop all views first, and compute them anew from Kafka"
    )
    api = command(
        nouns,
        "api",
        "Run the REST API: Masakari's, to the letter.",
        ["kasugai api", "kasugai api --config-file masakari.conf --config-file kasugai.conf"],
        _api,
    )
    add_config_file(api)
    for parser in (route, liveness, correlate, worker, project):
        parser.add_argument(
            "--demo", action="store_true", help=argparse.SUPPRESS
        )  # accept the embedded broker
        add_config_file(parser)


def _route(arguments: argparse.Namespace) -> int:
    def live(settings: "Settings", seen: "Observed") -> int:
        from kasugai.streams.route_app import main

        return main(settings, demo=arguments.demo, vitals=seen.vitals)

    return lived(arguments, "route", live)


def _liveness(arguments: argparse.Namespace) -> int:
    def live(settings: "Settings", seen: "Observed") -> int:
        from kasugai.streams.liveness_app import main

        return main(settings, demo=arguments.demo, vitals=seen.vitals)

    return lived(arguments, "liveness", live)


def _correlate(arguments: argparse.Namespace) -> int:
    def live(settings: "Settings", seen: "Observed") -> int:
        from kasugai.adapters.faust import exits
        from kasugai.streams.correlate_app import main

        exits.ON_LEAVING.append(seen.lives.end)
        return main(settings, demo=arguments.demo, vitals=seen.vitals)

    return lived(arguments, "correlate", live)


def _worker(arguments: argparse.Namespace) -> int:
    kinds = sorted({Kind(word) for word in arguments.kinds})
    if arguments.check:
        return _checked(arguments, frozenset(kinds))

    def live(settings: "Settings", seen: "Observed") -> int:
        from kasugai.workers.app import main

        return main(settings, kinds, demo=arguments.demo, vitals=seen.vitals)

    return lived(arguments, f"worker_{kinds[0]}", live, "nova")


def _checked(arguments: argparse.Namespace, kinds: frozenset[Kind]) -> int:
    """Tell the rights in Nova one by one; CloudAway when nobody can be asked."""
    import asyncio

    from kasugai.adapters.nova import BadCloud
    from kasugai.cli.rights import told

    settings = settings_of(arguments, "nova")
    try:
        return asyncio.run(told(settings, kinds))
    except BadCloud as error:
        raise Misused(str(error)) from error


def _project(arguments: argparse.Namespace) -> int:
    def live(settings: "Settings", seen: "Observed") -> int:
        from kasugai.adapters.oslo_notifier import notifying
        from kasugai.adapters.settings.oslo import open_conf
        from kasugai.api.project_app import main

        with notifying(open_conf(files_of(arguments))) as notifier:
            demo, rebuild = arguments.demo, arguments.rebuild
            return main(settings, demo=demo, rebuild=rebuild, vitals=seen.vitals, announcer=notifier)

    return lived(arguments, "project", live)


def _api(arguments: argparse.Namespace) -> int:
    """Its processes are forked before anything is opened, so each sets up by itself what an operator sees of it."""
    settings = settings_of(arguments, "nova")
    from kasugai.adapters.kafka.stranded import end_when_stranded
    from kasugai.adapters.settings import SettingError
    from kasugai.adapters.settings.exposure import used_by, warn
    from kasugai.adapters.telemetry.logs import LogOptionWrong, set_up
    from kasugai.adapters.telemetry.serving import PortTaken
    from kasugai.api.serve import CannotListen, main

    try:
        set_up(files_of(arguments), settings)
        warn(settings, used_by("api"))
        end_when_stranded()
        return main(settings, files_of(arguments))
    except PortTaken as error:
        raise Misused(f"{error}; set another api_port in [telemetry], or 0 for none") from error
    except (SettingError, CannotListen, LogOptionWrong) as error:
        raise Misused(str(error)) from error


def lived(arguments: argparse.Namespace, process: str, live: Live, *needs: str) -> int:
    """Set up the log and what an operator sees, live, and remember how it ended."""
    settings = settings_of(arguments, *needs)
    from kasugai.adapters.kafka.stranded import end_when_stranded
    from kasugai.adapters.kafka.topic_watch import topics_watched
    from kasugai.adapters.settings.exposure import used_by, warn
    from kasugai.adapters.telemetry.logs import LogOptionWrong, set_up
    from kasugai.adapters.telemetry.process import observed
    from kasugai.adapters.telemetry.serving import PortTaken

    try:
        set_up(files_of(arguments), settings)
        warn(settings, used_by(process))
        end_when_stranded()
        with observed(settings, process) as seen, topics_watched(settings, seen.vitals):
            code = 1
            try:
                with _fit():
                    code = live(settings, seen)
            except Misused:
                code = Exit.USAGE
                raise
            finally:
                seen.lives.end(code)
            return code
    except PortTaken as error:
        raise Misused(f"{error}; set another {process}_port in [telemetry], or 0 for none") from error
    except LogOptionWrong as error:
        raise Misused(str(error)) from error


@contextmanager
def _fit() -> Iterator[None]:
    """Topics, or a Redis, that are not as they must be are for the operator to correct: one line, as for a setting."""
    from kasugai.adapters.kafka.topics import TopicsUnfit
    from kasugai.adapters.redis_keeping import Forgets

    try:
        yield
    except* (TopicsUnfit, Forgets) as found:
        raise Misused(str(_innermost(found))) from found


def _innermost(error: BaseException) -> BaseException:
    return _innermost(error.exceptions[0]) if isinstance(error, BaseExceptionGroup) else error
