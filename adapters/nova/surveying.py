"""Reads what a forecast is made from, once and in one go: services, aggregates, groups, guests, then Placement.

What Nova does not show, or Placement does not say, becomes a word in the snapshot; only what nothing can be said
without (services, guests) is an error.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from typing import TypeVar

from kasugai.adapters.nova.survey import NovaSurvey
from kasugai.core.recovering.described import Described
from kasugai.core.recovering.doors import CloudAway, CloudRefused
from kasugai.core.recovering.forecasting import Census
from kasugai.core.recovering.nova_views import (
    GroupView,
    GuestView,
    ImageView,
    Needs,
    OffersView,
)
from kasugai.core.words.capacity import Snapshot
from kasugai.core.words.timing import Timing

AT_A_TIME = 4
"""So many requests are on their way at a time."""
GROUPS_HIDDEN = "server-groups-not-told"

T = TypeVar("T")
R = TypeVar("R")


async def survey(
    cloud: NovaSurvey, described: Described, timing: Timing, hosts: Collection[str] | None = None
) -> Snapshot:
    """Return a snapshot of the guests of these hosts (None: of all), and of who could take them. CloudAway, or
    CloudRefused where services, aggregates or guests are not shown."""
    services, aggregates = await cloud.services(), await cloud.aggregates()
    groups = await _groups(cloud)
    census = Census(described, services, aggregates, groups or (), timing)
    samples = _Samples()
    pages = cloud.all_guests() if hosts is None else _of_hosts(cloud, hosts)
    async for page in pages:
        samples.see(page)
        await _learn(cloud, census, page)
        census.take(page)
    for project in sorted(census.projects_apart()) if hosts is not None else ():
        async for page in cloud.guests_of_project(project):
            for guest in page:
                census.note(guest)
    if groups is None or not await _is_shown_all(cloud, samples.guests):
        census.distrust_groups(GROUPS_HIDDEN)
    offers = await _offers(cloud, census.needs)
    return await asyncio.to_thread(census.snapshot, offers)  # seconds, with 200,000 guests


async def _of_hosts(cloud: NovaSurvey, hosts: Collection[str]) -> AsyncIterator[Sequence[GuestView]]:
    for some in _batches(sorted(hosts)):
        for page in await asyncio.gather(*map(cloud.guests, some)):
            yield page


def _batches(names: Sequence[T]) -> Iterable[Sequence[T]]:
    return (names[at : at + AT_A_TIME] for at in range(0, len(names), AT_A_TIME))


async def _groups(cloud: NovaSurvey) -> tuple[GroupView, ...] | None:
    try:
        return await cloud.groups()
    except CloudRefused:
        return None


class _Samples:
    """One guest each of two projects: whom Nova takes for no administrator it shows those of its own by id only."""

    def __init__(self) -> None:
        self._by_project: dict[str, str] = {}

    def see(self, page: Iterable[GuestView]) -> None:
        for guest in page:
            if len(self._by_project) < 2:
                self._by_project.setdefault(guest.project, guest.uuid)

    @property
    def guests(self) -> Collection[str]:
        return self._by_project.values()


async def _is_shown_all(cloud: NovaSurvey, samples: Collection[str]) -> bool:
    """Whether Nova takes us for an administrator: else it leaves other projects' server groups out without a word. A
    sample that was deleted meanwhile speaks against it too; then ask again."""
    found = await asyncio.gather(*map(cloud.guest, samples))
    return all(guest is not None for guest in found)


async def _learn(cloud: NovaSurvey, census: Census, page: Sequence[GuestView]) -> None:
    """Ask Glance and Keystone what is not known of these guests' images and projects yet."""

    async def image(name: str) -> ImageView | None:
        try:
            return await cloud.image(name)
        except CloudRefused:
            return None

    async def tags(project: str) -> tuple[str, ...]:
        try:
            return await cloud.project_tags(project)
        except CloudRefused:  # its guests are brought back then
            return ()

    images = await _each(census.unread_images(page), image)
    census.learn(images, await _each(census.unread_projects(page), tags))


async def _offers(cloud: NovaSurvey, needs: Iterable[Needs]) -> Mapping[Needs, OffersView | str]:
    async def one(each: Needs) -> OffersView | str:
        try:
            return await cloud.offers(each)
        except CloudRefused as no:
            return f"placement-refused: {no}"
        except CloudAway as away:
            return f"placement-away: {away}"

    return await _each(needs, one)


async def _each(names: Iterable[T], ask: Callable[[T], Awaitable[R]]) -> dict[T, R]:
    """Return the answer to each, a few at a time."""
    found: dict[T, R] = {}
    for some in _batches(list(names)):
        found |= zip(some, await asyncio.gather(*map(ask, some)), strict=True)
    return found
