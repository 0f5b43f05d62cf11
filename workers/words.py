"""What Keystone says of guests' projects and Glance of their images: each read once per ownership."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from types import MappingProxyType
from typing import TypeVar

from kasugai.core.recovering.nova_views import GuestView, ImageView, ProjectTags
from kasugai.workers.observing import Wanted
from kasugai.workers.ports import Cloud, CloudRefused

LOG = logging.getLogger(__name__)

NO_TAGS = (
    "the tags of project %s are not known, so none of its guests is left where it is for them; Keystone says: %s (the "
    "right to ask is identity:list_project_tags)"
)
NO_IMAGE = (
    "what image %s says of its guests is not known, so it neither marks nor leaves any; Glance says: %s"
)

T = TypeVar("T")


class Words:
    """Tags of projects and what images say, as far as one ownership has asked."""

    def __init__(self, cloud: Cloud) -> None:
        """Nothing is read yet."""
        self._cloud = cloud
        self._project_tags: dict[str, tuple[str, ...]] = {}
        self._images: dict[str, ImageView] = {}

    @property
    def project_tags(self) -> ProjectTags:
        """By project."""
        return MappingProxyType(dict(self._project_tags))

    @property
    def images(self) -> Mapping[str, ImageView]:
        """By id."""
        return MappingProxyType(dict(self._images))

    async def learn(self, guests: Iterable[GuestView], wanted: Wanted) -> None:
        """Read what is wanted of these guests and not known yet."""
        seen = tuple(guests)
        if wanted.project_tags:
            projects = (guest.project for guest in seen)
            await _learn(self._project_tags, projects, self._cloud.project_tags, (), NO_TAGS)
        if wanted.images:
            images = (guest.image for guest in seen)
            await _learn(self._images, images, self._cloud.image, ImageView(), NO_IMAGE)


async def _learn(
    known: dict[str, T], names: Iterable[str], read: Callable[[str], Awaitable[T]], silence: T, told: str
) -> None:
    """Read what is not known yet of these names. A no is as good as `silence`, and told: one guest too many brought
    back destroys nothing, a dead host left for a missing right does."""

    async def learn(name: str) -> None:
        try:
            known[name] = await read(name)
        except CloudRefused as no:
            LOG.warning(told, name, no)
            known[name] = silence

    await asyncio.gather(*(learn(name) for name in sorted({name for name in names if name} - known.keys())))
