"""The options of [announce]: who is told of incidents outside, and what links below a message are made of."""

import re
from typing import Any

from oslo_config import cfg

from kasugai.adapters.settings.connections import Wrong
from kasugai.adapters.settings.values import AnnounceSettings
from kasugai.core.words.timing import Millis

ADDRESS = re.compile(r"https?://[^@\s?#]+")

ANNOUNCE = [
    cfg.StrOpt(
        "receivers_file",
        default="/etc/kasugai/receivers.yaml",
        help="To whom `kasugai announce` tells of incidents, in which words (docs/operators/webhooks.md).",
    ),
    cfg.StrOpt(
        "address",
        default="",
        help="Where a browser reaches the REST API: what links below messages begin with. Empty: messages have none.",
        sample_default="https://ha.example.org:15868",
    ),
    cfg.StrOpt(
        "links_key_file",
        default="",
        help="A file with the keys by which links are signed, one a line: the first signs, all are believed. "
        "`kasugai announce` and `kasugai api` read the same; empty: there are no links.",
        sample_default="/etc/kasugai/links.keys",
    ),
    cfg.IntOpt(
        "links_last",
        default=3_600_000,
        min=60_000,
        max=86_400_000,
        help="For how long a link is worth anything (ms), from the decision on.",
    ),
    cfg.IntOpt(
        "expires",
        default=3_600_000,
        min=60_000,
        help="What is older is told to nobody (ms), but for the end of what was told before.",
    ),
    cfg.IntOpt("timeout", default=5_000, min=500, max=60_000, help="A receiver has so long to answer (ms)."),
]


def announce_of(values: dict[str, Any], wrong: Wrong) -> AnnounceSettings:
    """Return the group's settings; what `wrong` makes of an option and a reason is raised."""
    address = values["address"].rstrip("/")
    if address and not ADDRESS.fullmatch(address):
        raise wrong("address", "is no address of a server, or holds a password")
    if address and not values["links_key_file"]:
        raise wrong("links_key_file", "is missing, and address makes links")
    times = {name: Millis(values[name]) for name in ("links_last", "expires", "timeout")}
    return AnnounceSettings(**values | times | {"address": address})
