"""The list of what ran in a segment when its planned stop began: read from Nova, kept in a file, asked about again.

A file is replaced as a whole and on disk before it counts: the machine may be switched off next.
"""

import asyncio
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from kasugai.cli.exits import Misused
from kasugai.core.telling.stops import GONE, RUNS, Ran

if TYPE_CHECKING:
    from kasugai.adapters.nova import NovaCloud
    from kasugai.adapters.settings import Settings
    from kasugai.core.recovering.nova_views import GuestView
    from kasugai.core.words.inventory import SegmentRecord

FOLDER = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "kasugai" / "stops"
AT_A_TIME = 8
"""So many requests to Nova are made at a time."""
SHUT_DOWN = 4
"""Nova's power_state of a guest that is off."""


async def running(settings: "Settings", hosts: Sequence[str]) -> tuple[Ran, ...]:
    """Return the instances that run on these hosts, by Nova. CloudAway, CloudRefused."""
    cloud = _cloud(settings)
    gate = asyncio.Semaphore(AT_A_TIME)

    async def of(host: str) -> "tuple[GuestView, ...]":
        async with gate:
            return await cloud.guests(host)

    found = await asyncio.gather(*map(of, hosts))
    return tuple(
        sorted(Ran(host=g.host, name=g.name, uuid=g.uuid) for some in found for g in some if _word(g) == RUNS)
    )


async def shown(settings: "Settings", ran: Iterable[Ran]) -> Mapping[str, str]:
    """Return by uuid how Nova shows these instances now."""
    cloud, listed = _cloud(settings), tuple(ran)
    hosts = sorted({each.host for each in listed})
    seen = {g.uuid: _word(g) for host in hosts for g in await cloud.guests(host)}
    for uuid in [each.uuid for each in listed if each.uuid not in seen]:
        guest = await cloud.guest(uuid)  # moved, deleted, or its cell is silent
        seen[uuid] = GONE if guest is None or guest.deleted else _word(guest)
    return seen


def _cloud(settings: "Settings") -> "NovaCloud":
    from kasugai.adapters.nova import NovaCloud

    return NovaCloud(settings.nova, client=settings.worker.timing.client / 1000)


def _word(guest: "GuestView") -> str:
    if guest.task_state is not None:
        return guest.task_state
    is_off = guest.vm_state == RUNS and guest.power_state == SHUT_DOWN
    return "shut down" if is_off else guest.vm_state


def write(folder: Path, segment: "SegmentRecord", ran: Sequence[Ran]) -> Path:
    """Keep a segment's list, in the place of an earlier one, and return its file; Misused where it cannot be."""
    file = _file(folder, segment)
    text = json.dumps([{"host": r.host, "name": r.name, "uuid": r.uuid} for r in ran], indent=1)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        fresh = file.with_suffix(".new")
        with fresh.open("w", encoding="utf-8") as opened:
            opened.write(text)
            opened.flush()
            os.fsync(opened.fileno())
        fresh.replace(file)
    except OSError as error:
        raise Misused(
            f"{file}: cannot be written ({error.strerror}); another folder: --lists FOLDER"
        ) from error
    return file


def read(folder: Path, segment: "SegmentRecord") -> tuple[Ran, ...] | None:
    """Return a segment's list; None where none is kept; Misused where it cannot be read."""
    file = _file(folder, segment)
    try:
        return tuple(Ran(**each) for each in json.loads(file.read_text("utf-8")))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError) as error:
        raise Misused(f"{file}: is no list of what ran ({error}); another folder: --lists FOLDER") from error


def _file(folder: Path, segment: "SegmentRecord") -> Path:
    return folder / f"{segment.segment_id}.json"
