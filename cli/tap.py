"""`kasugai tap TOPIC`: a topic's records as JSON lines, decoded."""

import argparse
import asyncio
from contextlib import aclosing
from typing import TYPE_CHECKING

from kasugai.cli.configured import settings_of
from kasugai.cli.exits import Exit
from kasugai.cli.parser import Nouns, add_config_file, command

if TYPE_CHECKING:
    from kasugai.adapters.settings import KafkaSettings


def add(nouns: Nouns) -> None:
    """Add the command."""
    parser = command(
        nouns,
        "tap",
        "Print a topic's records as JSON lines, decoded, as they come.",
        [
            "kasugai tap kasugai.verdicts --from-beginning --count 10",
            "kasugai tap kasugai.recovery | jq .value.kind",
        ],
        _run,
    )
    parser.add_argument("topic", metavar="TOPIC", help="kasugai.verdicts, kasugai.faults.reported.dlq, ...")
    parser.add_argument(
        "--from-beginning", action="store_true", help="everything that is there, then what comes"
    )
    parser.add_argument("--count", type=positive, metavar="N", help="end after so many records")
    parser.add_argument("--no-follow", action="store_true", help="end at the topic's end as of now")
    add_config_file(parser)


def positive(text: str) -> int:
    """Return a number above zero."""
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number above zero, for example: --count 10")
    return int(text)


def _run(arguments: argparse.Namespace) -> int:
    asyncio.run(
        _tap(
            settings_of(arguments).kafka,
            arguments.topic,
            beginning=arguments.from_beginning,
            follow=not arguments.no_follow,
            count=arguments.count,
        )
    )
    return Exit.OK


async def _tap(
    kafka: "KafkaSettings", topic: str, *, beginning: bool, follow: bool, count: int | None
) -> None:
    from kasugai.adapters.kafka.tap import tap
    from kasugai.cli.terminal import data_json_line

    left = count
    async with aclosing(tap(kafka, topic, beginning=beginning, follow=follow)) as lines:
        async for line in lines:
            data_json_line(line)
            if left is not None:
                left -= 1
                if left == 0:
                    return
