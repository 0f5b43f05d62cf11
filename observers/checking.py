"""Says what each observer sees now: one line for each, with what to do where it sees nothing. Publishes nothing."""

import asyncio
from collections.abc import AsyncGenerator, Collection
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime

from kasugai.adapters.kafka.inventory_reader import InventoryReader
from kasugai.adapters.settings import Settings
from kasugai.adapters.wall import Wall
from kasugai.core.words.signals import Symptom
from kasugai.observers.alerts import AlertWatch
from kasugai.observers.app import names
from kasugai.observers.parts import Parts, SilencesOf, Unfit, Word, open_parts
from kasugai.observers.power import PowerWatch
from kasugai.observers.queries import QueryWatch
from kasugai.observers.seen import NoOpinion, Watch
from kasugai.observers.silences import Keeper

NAMED = 10
"""So many hosts are named in a line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What one observer sees."""

    observer: str
    sees: bool
    text: str


def configured(settings: Settings) -> list[Word]:
    """Return the words that the settings say something about."""
    observe = settings.observe
    wanted = {
        Word.NOVA: settings.nova.is_set,
        Word.POWER: bool(settings.power.devices_file),
        Word.METRICS: bool(observe.queries_file),
        Word.SILENCES: bool(observe.alertmanager_urls),
    }
    return [word for word in Word if wanted[word]]


async def check(settings: Settings, words: Collection[Word]) -> AsyncGenerator[Line, None]:
    """Yield a line for each observer, as they come; LogAway when the inventory cannot be read."""
    async with InventoryReader(settings.kafka, "kasugai-observe-check") as inventory:
        hosts = names(inventory)
    for word in words:
        async with AsyncExitStack() as stack:
            try:
                parts = await open_parts(stack, settings, [word], listens=False)
            except Unfit as why:
                yield Line(observer=word, sees=False, text=str(why))
                continue
            async for line in _of(parts, word, hosts):
                yield line


async def _of(parts: Parts, word: Word, hosts: Collection[str]) -> AsyncGenerator[Line, None]:
    for watch in parts.watches.get(word, []):
        yield await _look(watch, hosts)
    if parts.alertmanager is not None:
        yield await _silences(parts.alertmanager, hosts)


async def _look(watch: Watch, hosts: Collection[str]) -> Line:
    if isinstance(watch, AlertWatch):
        return Line(
            observer=watch.name,
            sees=True,
            text="alerts are heard by the process that runs, not by this check",
        )
    try:
        seen = await watch.look(hosts, asyncio.get_running_loop().time())
    except NoOpinion as why:
        return Line(observer=watch.name, sees=False, text=f"no opinion: {why}")
    bad = [each.host for each in seen if each.symptom in (Symptom.DOWN, Symptom.OFF)]
    return Line(
        observer=watch.name, sees=True, text=f"{_judged(watch, bad)} of {len(hosts)} hosts{_strangers(watch)}"
    )


def _judged(watch: Watch, bad: list[str]) -> str:
    if isinstance(watch, QueryWatch) and watch.named and not bad:
        return f"names {_listed(sorted(watch.named))} (down once it has for {watch.query.lasts:g} s)"
    if isinstance(watch, PowerWatch):
        return "reads suspected hosts only (kasugai power check asks all devices); it would read any"
    return f"calls {_listed(bad)} down" if bad else "calls nobody down"


def _listed(hosts: list[str]) -> str:
    return ", ".join(hosts[:NAMED]) + (f" and {len(hosts) - NAMED} more" if len(hosts) > NAMED else "")


def _strangers(watch: Watch) -> str:
    strangers = getattr(watch, "strangers", 0)
    return (
        f"; {strangers} that it names are not in the inventory (host names are compared exactly)"
        if strangers
        else ""
    )


async def _silences(alertmanager: SilencesOf, hosts: Collection[str]) -> Line:
    try:
        read = await alertmanager.silences()
    except NoOpinion as why:
        return Line(observer="silences", sees=False, text=f"no opinion: {why}")
    told = [
        f"{silence.host} until {_date(silence.until)} by {silence.author}: {silence.reason}"
        for silence in Keeper().judge(read, hosts, Wall().now())
        if silence.until
    ]
    near = f"; not counted, for their matchers are others: {', '.join(read.near[:3])}" if read.near else ""
    return Line(
        observer="silences", sees=True, text=("; ".join(told[:NAMED]) or "nobody is set aside") + near
    )


def _date(at: int) -> str:
    return datetime.fromtimestamp(at / 1000, UTC).strftime("%Y-%m-%d %H:%M:%SZ")
