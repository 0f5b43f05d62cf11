"""What a process of `kasugai observe` is made of: for each word its watches, doors opened and closed with the block.

It knows settings and doors; what runs in which loop is `app`'s business.
"""

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from enum import StrEnum

from kasugai.adapters.nova import BadCloud, NovaCloud
from kasugai.adapters.nova.survey import NovaSurvey
from kasugai.adapters.power import BadDevices, Fencing, devices
from kasugai.adapters.settings import Settings
from kasugai.adapters.wall import Wall
from kasugai.adapters.web import Web
from kasugai.core.words.hardware import HARDWARE
from kasugai.observers.alerts import AlertWatch
from kasugai.observers.asking import asking, first_of
from kasugai.observers.devices import DeviceChecks
from kasugai.observers.nova import NovaWatch
from kasugai.observers.power import PowerWatch, Suspects
from kasugai.observers.queries import QueryWatch
from kasugai.observers.queries_file import BadQueries, read_queries
from kasugai.observers.receiver import Receiver, receiving
from kasugai.observers.seen import Watch
from kasugai.observers.silences import Read, read_silences
from kasugai.schemas.topics import METRICS, POWER, SERVICES

PATIENCE = 8.0
"""Seconds for one answer of Prometheus or Alertmanager."""
NOVAS_PATIENCE = 20.0
"""Seconds for one answer of Nova at most: 10,000 services are 3.5 MB."""


SURVEYORS = 4
"""Requests on their way at a time while everything is read: there is no hurry, and Nova has other things to do."""


class Word(StrEnum):
    """What a process can observe, in the order of the catalogue."""

    NOVA = "nova"
    POWER = "power"
    METRICS = "metrics"
    SILENCES = "silences"


TOPICS: Mapping[Word, str] = {Word.NOVA: SERVICES, Word.POWER: POWER, Word.METRICS: METRICS}
"""Where each kind of witness speaks."""


class Unfit(Exception):
    """It cannot observe as it is set up. One line: setting, reason, remedy."""


@dataclass(slots=True, kw_only=True)
class Parts:
    """What was opened."""

    watches: dict[Word, list[Watch]] = field(default_factory=dict)
    suspects: Suspects = field(default_factory=Suspects)
    alertmanager: "SilencesOf | None" = None
    survey: NovaSurvey | None = None
    """Whom to ask who has room; None: nobody is asked."""
    devices: DeviceChecks | None = None
    """The slow round over all power devices; None: there is none."""


class SilencesOf:
    """The silences of the Alertmanager in the settings."""

    def __init__(self, web: Web, settings: Settings) -> None:
        """Ask with the first question."""
        self._web = web
        self._observe = settings.observe
        self._also = dict(matcher.split("=", 1) for matcher in settings.observe.silence_matchers)

    async def silences(self) -> Read:
        """See `Alertmanager`."""
        found = await first_of(
            self._web,
            self._observe.alertmanager_urls,
            "/api/v2/silences",
            token_file=self._observe.alertmanager_token_file,
            ca_file=self._observe.alertmanager_cafile,
        )
        return read_silences(found.status, found.body, self._observe.host_label, self._also)


async def open_parts(
    stack: AsyncExitStack, settings: Settings, words: list[Word], *, listens: bool = True
) -> Parts:
    """Open what these words need; Unfit. `listens`: whether the webhook's door is opened too, and
    Nova's second one."""
    parts = Parts()
    try:
        for word in words:
            match word:
                case Word.NOVA:
                    parts.watches[word] = [_nova(stack, settings)]
                    parts.survey = _survey(stack, settings) if listens else None
                case Word.POWER:
                    parts.watches[word], parts.devices = _power(settings, parts.suspects)
                case Word.METRICS:
                    parts.watches[word] = await _metrics(stack, settings, listens=listens)
                case Word.SILENCES:
                    parts.alertmanager = await _silences(stack, settings)
    except (BadCloud, BadDevices, BadQueries) as error:
        raise Unfit(str(error)) from None
    return parts


def _nova(stack: AsyncExitStack, settings: Settings) -> Watch:
    timing = settings.worker.timing
    cloud = NovaCloud(settings.nova, client=min(NOVAS_PATIENCE, timing.client / 1000), threads=2)
    stack.push_async_callback(cloud.close)
    return NovaWatch(cloud, stale=timing.stale_after / 1000)


def _survey(stack: AsyncExitStack, settings: Settings) -> NovaSurvey | None:
    """Open Nova a second time: a read of everything must not take the threads of the looks."""
    if not settings.observe.room_interval:
        return None
    cloud = NovaSurvey(settings.nova, client=settings.worker.timing.client / 1000, threads=SURVEYORS)
    stack.push_async_callback(cloud.close)
    return cloud


def _power(settings: Settings, suspects: Suspects) -> tuple[list[Watch], DeviceChecks | None]:
    found = devices(settings.power, settings.worker.timing.fence / 1000)
    if not found:
        raise Unfit(
            f"{settings.power.devices_file or '[power] devices_file'}: no power devices are described, so there is "
            "nothing to read; see docs/operators/fencing.md, and run `kasugai observe power` where they are"
        )
    power = Fencing(lambda host: found.get(host, ()), reads=settings.power.reads)
    every, slowly = settings.observe.power_interval / 1000, settings.observe.device_interval / 1000
    watch = PowerWatch(settings.stream.instance, power, suspects, every=every, new_episode=_moment)
    return [watch], DeviceChecks(found, lambda: suspects.hosts, every=slowly) if slowly else None


async def _metrics(stack: AsyncExitStack, settings: Settings, *, listens: bool) -> list[Watch]:
    observe = settings.observe
    queries = read_queries(observe.queries_file)
    if not queries and not observe.webhook_port:
        raise Unfit(
            f"{observe.queries_file} has no queries and [observe] webhook_port is 0: there is nothing to observe; see "
            "docs/operators/evidence.md"
        )
    web = await stack.enter_async_context(Web(PATIENCE))
    every = observe.interval / 1000
    watches: list[Watch] = [QueryWatch(q, asking(web), every=every, new_episode=_moment) for q in queries]
    if observe.webhook_port:
        lasts, now = observe.alert_lasts / 1000, asyncio.get_running_loop().time
        alerts = [AlertWatch(lasts=lasts, now=now, process=process) for process in ("", HARDWARE)]
        watches += alerts
        if listens:
            receiver = Receiver(alerts, observe.host_label, observe.webhook_token_file)
            door = receiving(receiver, observe.webhook_bind, observe.webhook_port, observe.webhook_token_file)
            await stack.enter_async_context(door)
    return watches


async def _silences(stack: AsyncExitStack, settings: Settings) -> SilencesOf:
    if not settings.observe.alertmanager_urls:
        raise Unfit(
            "[observe] alertmanager_urls is empty; for example: alertmanager_urls = http://127.0.0.1:9093"
        )
    return SilencesOf(await stack.enter_async_context(Web(PATIENCE)), settings)


def _moment() -> str:
    """Name what begins now: this machine's clock, which no other episode of the observer shares."""
    return str(Wall().now())
