"""The time-outs of [worker] and all of [policy]: options drawn from the core's dataclasses, and these from values.

What the core knows can be set.
"""

from dataclasses import MISSING, fields, replace
from enum import StrEnum
from typing import Any

from oslo_config import cfg

from kasugai.adapters.settings.values import WorkerSettings
from kasugai.core.words.policy import Policy
from kasugai.core.words.timing import PRODUCTION, PROFILES, Timing
from kasugai.schemas.draw import field_docs

POLICY_BOUNDS: dict[str, tuple[int, int | None]] = {
    "confirm_after": (0, None),
    "confirm_observers": (1, 6),
    "unfenced_wait": (30_000, None),
    "local_wait": (0, None),
    "settle_after_fence": (0, 600_000),
    "dump_wait": (0, 3_600_000),
    "max_unhealthy": (1, 100),
    "domain_trip": (0, 100),
    "domain_small": (0, 10_000),
    "domain_cap": (1, 10_000),
    "domain_rate": (1, 10_000),
    "attempts": (1, 10),
    "window": (1, 500),
    "degraded_hosts": (1, 100),
    "restart_budget": (1, 16),
    "restart_window": (60_000, 86_400_000),
    "process_quiet": (0, 3_600_000),
}
"""What a policy's numbers may be, from and to."""


def timing_options() -> list[Any]:
    """Return one option per time-out, in milliseconds; none has a default of its own: the profile has."""
    docs = field_docs(Timing)
    return [
        cfg.IntOpt(
            field.name,
            min=1,
            help=f"{docs[field.name]} (ms; the profile's unless set.)",
            sample_default=getattr(PRODUCTION, field.name),
        )
        for field in fields(Timing)
    ]


def worker_of(values: dict[str, Any]) -> WorkerSettings:
    """Return the group's settings: the profile's times but for those that are said."""
    names = {field.name for field in fields(Timing)}
    overrides = {name: value for name, value in values.items() if name in names and value is not None}
    timing = replace(PROFILES[values["profile"]], **overrides)
    lanes = {name: values[name] for name in ("lanes", "instance_lanes", "process_lanes")}
    return WorkerSettings(profile=values["profile"], timing=timing, **lanes)


def policy_options() -> list[Any]:
    """Return one option per field of a policy."""
    docs = field_docs(Policy)
    return [_policy_option(field.name, field.default, docs[field.name]) for field in fields(Policy)]


def _policy_option(name: str, default: object, text: str) -> Any:
    assert default is not MISSING, "every field of a policy has a default"
    match default:
        case bool():
            return cfg.BoolOpt(name, default=default, help=text)
        case int():
            low, high = POLICY_BOUNDS[name]
            return cfg.IntOpt(name, default=default, min=low, max=high, help=text)
        case StrEnum():
            choices = [str(word) for word in type(default)]
            return cfg.StrOpt(name, default=str(default), choices=choices, help=text)
        case tuple():
            return cfg.ListOpt(name, default=list(default), help=text)
        case _:
            return cfg.StrOpt(name, default=default, help=text)


def policy_of(values: dict[str, Any]) -> Policy:
    """Return what the group says."""
    lists = {name: tuple(value) for name, value in values.items() if isinstance(value, list)}
    words = {
        each.name: type(each.default)(values[each.name])
        for each in fields(Policy)
        if isinstance(each.default, StrEnum)
    }
    return Policy(**values | lists | words)
