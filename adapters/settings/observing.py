"""The options of [observe]: whom the readers of evidence ask, and how hosts are named there."""

import re
from typing import Any

from oslo_config import cfg

from kasugai.adapters.settings.connections import Wrong
from kasugai.adapters.settings.values import ObserveSettings

MATCHER = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*=.+")
ADDRESS = re.compile(r"https?://[^@\s?#]+")

OBSERVE = [
    cfg.IntOpt(
        "interval", default=10_000, min=1_000, max=30_000, help="Between two looks of `kasugai observe` (ms)."
    ),
    cfg.StrOpt(
        "host_label",
        default="hostname",
        help="The label of alerts and silences whose value is a host's name in the inventory, byte for byte.",
    ),
    cfg.StrOpt(
        "queries_file",
        default="/etc/kasugai/queries.yaml",
        help="The queries to Prometheus that are witnesses (docs/operators/evidence.md); there need not be any.",
    ),
    cfg.ListOpt(
        "alertmanager_urls",
        default=[],
        help="Alertmanager, for `kasugai observe silences`: of a cluster all members, the first that answers is "
        "believed. No password may stand in them.",
        sample_default="http://127.0.0.1:9093",
    ),
    cfg.StrOpt(
        "alertmanager_token_file",
        default="",
        help="A file with the bearer token that Alertmanager, or what stands before it, wants to see.",
        sample_default="/etc/kasugai/alertmanager.token",
    ),
    cfg.StrOpt(
        "alertmanager_cafile",
        default="",
        help="The authorities to believe about Alertmanager (PEM); empty means the system's.",
        sample_default="/etc/kasugai/alertmanager-ca.pem",
    ),
    cfg.ListOpt(
        "silence_matchers",
        default=[],
        help="What a silence must match besides its host to set that host aside, as NAME=VALUE, separated by commas; "
        "a silence with any other matcher sets nobody aside.",
        sample_default="kasugai=maintenance",
    ),
    cfg.StrOpt(
        "webhook_bind",
        default="127.0.0.1",
        help="Where `kasugai observe metrics` takes Alertmanager's webhook.",
    ),
    cfg.PortOpt("webhook_port", default=0, help="Its port, for example 9494; 0 takes no webhook."),
    cfg.StrOpt(
        "webhook_token_file",
        default="",
        help="A file with the bearer token that Alertmanager shows (its http_config, authorization); needed wherever "
        "webhook_bind is not the loopback interface.",
        sample_default="/etc/kasugai/webhook.token",
    ),
    cfg.IntOpt(
        "alert_lasts",
        default=600_000,
        min=60_000,
        help="For how long a firing alert stands that is not sent again (ms): at least twice the repeat_interval of "
        "Alertmanager's route to the webhook.",
    ),
    cfg.IntOpt(
        "power_interval",
        default=10_000,
        min=5_000,
        max=30_000,
        help="Between two readings of one suspected host's power by `kasugai observe power` (ms).",
    ),
    cfg.IntOpt(
        "device_interval",
        default=21_600_000,
        min=0,
        max=604_800_000,
        help="Within how long `kasugai observe power` asks the power devices of every host whether they still answer, "
        "each once, evenly over the time (ms); 0 asks none.",
    ),
    cfg.IntOpt(
        "room_interval",
        default=900_000,
        min=0,
        max=86_400_000,
        help="Between two reads of all guests and of Placement by `kasugai observe nova`, which shows how many hosts "
        "of each segment may be lost (docs/operators/whatif.md) (ms); 0 reads none. A read is a request for each "
        "thousand guests and for each kind of flavor.",
    ),
]


def observe_of(values: dict[str, Any], wrong: Wrong) -> ObserveSettings:
    """Return the group's settings; what `wrong` makes of an option and a reason is raised."""
    lists = {name: tuple(value) for name, value in values.items() if isinstance(value, list)}
    for matcher in lists["silence_matchers"]:
        if not MATCHER.fullmatch(matcher):
            raise wrong("silence_matchers", f"is wrong: {matcher!r} is no NAME=VALUE")
    if not all(map(ADDRESS.fullmatch, lists["alertmanager_urls"])):
        raise wrong("alertmanager_urls", "is wrong: each is an address without a password")
    return ObserveSettings(**values | lists)
