"""--from and --to: a stretch of time as people type it."""

import argparse
import re
from datetime import UTC, datetime

from kasugai.core.words.timing import BrokerTime

EXAMPLE = "2026-11-17T14:00:00Z, or so long ago: 90m, 12h, 7d"
_AGO = re.compile(r"(\d{1,6})([smhd])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def add_span(parser: argparse.ArgumentParser) -> None:
    """Add --from and --to."""
    parser.add_argument(
        "--from",
        dest="begin",
        type=moment,
        metavar="TIME",
        help=f"{EXAMPLE} (default: as far back as there is)",
    )
    parser.add_argument(
        "--to",
        dest="end",
        type=moment,
        metavar="TIME",
        help="up to then (default: up to a minute ago, for correlate decides what is newer just now)",
    )


def moment(text: str) -> BrokerTime:
    """Return a time in milliseconds since 1970."""
    from kasugai.cli.clock import now

    if (match := _AGO.fullmatch(text)) is not None:
        return BrokerTime(now() - int(match[1]) * _SECONDS[match[2]] * 1000)
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no time, for example: {EXAMPLE}") from None
    if when.tzinfo is None:
        when = when.replace(tzinfo=UTC)
    return BrokerTime(max(0, round(when.timestamp() * 1000)))
