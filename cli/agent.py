"""`kasugai agent`: what runs on a hypervisor; `check`, which says what it would watch there; and the agents' keys.

It is loaded without the rest of the command line (`cli.entry`), for it runs on every hypervisor.
"""

import argparse
from typing import TYPE_CHECKING

from kasugai.cli import agent_keys
from kasugai.cli.exits import Exit, Misused
from kasugai.cli.parser import Nouns, command

if TYPE_CHECKING:
    from kasugai.agents.settings.values import AgentSettings

SUMMARY = "Run the agent of this hypervisor: heartbeats, processes, guests, peers."
EXAMPLES = [
    "kasugai agent",
    "kasugai agent check",
]


def add(nouns: Nouns) -> None:
    """Add the noun; without a verb it runs."""
    parser = command(nouns, "agent", SUMMARY, EXAMPLES, _run)
    _add_config_file(parser, [])
    verbs = parser.add_subparsers(metavar="VERB")
    check = command(
        verbs,
        "check",
        "Say what would be watched here and what is missing; exit 1 if anything is.",
        ["kasugai agent check", "kasugai agent check --config-file agent.conf"],
        _check,
    )
    _add_config_file(check, argparse.SUPPRESS)
    agent_keys.add_verbs(verbs)


def _add_config_file(parser: argparse.ArgumentParser, default: object) -> None:
    parser.add_argument(
        "--config-file",
        action="append",
        default=default,
        metavar="FILE",
        help="agent.conf or masakarimonitors.conf; a later one goes before an earlier one (default: "
        "/etc/masakarimonitors/masakarimonitors.conf and /etc/kasugai/agent.conf, as far as they are there)",
    )


def _settings(arguments: argparse.Namespace) -> "AgentSettings":
    from kasugai.agents.settings.loading import BadSetting, load

    try:
        return load(arguments.config_file)
    except BadSetting as error:
        raise Misused(str(error)) from error


def _run(arguments: argparse.Namespace) -> int:
    settings = _settings(arguments)
    from kasugai.agents.app import main
    from kasugai.agents.settings.loading import BadSetting

    try:
        return main(settings)
    except* BadSetting as found:
        raise Misused(str(found.exceptions[0])) from found


def _check(arguments: argparse.Namespace) -> int:
    import asyncio

    return asyncio.run(_checked(_settings(arguments)))


async def _checked(settings: "AgentSettings") -> int:
    from kasugai.agents.checking import checked, verdicts
    from kasugai.cli.terminal import data

    found = []
    async for each in checked(settings):
        found.append(each)
        data(f"{'wrong' if each.is_wrong else 'ok':<6}{each.subject:<9}{each.text}")
    data(*verdicts(found))
    return Exit.NO if any(each.is_wrong for each in found) else Exit.OK
