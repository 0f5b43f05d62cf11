"""Puts together the watch over this host's guests, from our options and from masakari-monitors'."""

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from kasugai.agents.ports import Voice
from kasugai.agents.settings.loading import BadSetting
from kasugai.agents.settings.values import AgentSettings
from kasugai.core.words.timing import Millis

if TYPE_CHECKING:
    from kasugai.agents.instance.options import InstanceOptions
    from kasugai.agents.instance.watch import InstanceWatch

SYSTEM = "qemu:///system"
"""Where libvirt is unless said otherwise, as for masakari-monitors."""
PINGS = "introspectiveinstancemonitor"
"""The section of the monitor that asks the agents inside guests: where it stands, they are asked."""


def guests_of(settings: AgentSettings, voice: Voice, goes: Callable[[], bool]) -> "Iterator[InstanceWatch]":
    """Yield the watch where guests are watched; BadSetting for a number that is none."""
    if not settings.instance.enabled:
        return
    from kasugai.agents.instance.watch import instance_watch

    uri = settings.raw.get("libvirt", {}).get("connection_uri", "").strip() or SYSTEM
    yield instance_watch(settings.agent.host, voice, uri, _options(settings.raw.get(PINGS)), goes)


def _options(told: Mapping[str, str] | None) -> "InstanceOptions":
    from kasugai.agents.instance.options import USUAL, InstanceOptions, PingOptions
    from kasugai.agents.instance.values import Patience

    if told is None:
        return USUAL
    every, timeout = (
        _number(told, "guest_monitoring_interval", 10),
        _number(told, "guest_monitoring_timeout", 2),
    )
    return InstanceOptions(
        patience=Patience(pings=_number(told, "guest_monitoring_failure_threshold", 3)),
        pings=PingOptions(wanted=True, every=Millis(every * 1_000), timeout=timeout),
    )


def _number(told: Mapping[str, str], name: str, usual: int) -> int:
    text = told.get(name, "").strip()
    if not text:
        return usual
    if not text.isdecimal() or not 0 < int(text) <= 3_600:
        raise BadSetting(f"[{PINGS}] {name} is {text!r}, not a number from 1 to 3600; take it away: {usual}")
    return int(text)
