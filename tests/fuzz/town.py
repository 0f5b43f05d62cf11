"""Plays shots at a pipeline in virtual time and says what should not have come of them.

The shells are the real ones, as the laboratory runs them; the projector reads what is there in the end.
"""

import asyncio
import gc
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from kasugai.adapters.kafka.client import ROOMY
from kasugai.api.projection.projector import Projector
from kasugai.core.deciding.rows import SubjectRow
from kasugai.core.words.verdicts import Verdict
from kasugai.schemas.codec import encode
from kasugai.schemas.topics import (
    INCIDENTS,
    RECOVERY,
    REPORTED,
    SIGNALS,
    VERDICTS,
    dead_letters_of,
)
from kasugai.sim.lab.laboratory import Lab
from kasugai.streams.correlate_shell import row_of
from tests.fuzz.shots import Answer, Shot, answered
from tests.fuzz.telling import TOLD, Place, fault_of, untold
from tests.support.memory_documents import MemoryDocuments

PROJECTED = (VERDICTS, REPORTED, RECOVERY, *INCIDENTS.values())
MISFITS = "Misfit: "
"""How a decision that no record can carry is named; any other trouble is a bug."""
AFTERWARDS = 130.0
"""Seconds that the pipeline gets to come to an end with what it was shot with: what is not repeated expires in 95."""
PER_SHOT = 40
"""Records that one of ours may lead to, ticks and repeated publications included."""


@dataclass(slots=True)
class Town:
    """A small town under fire."""

    fallen: list[str] = field(default_factory=list)
    """What should not have happened."""
    shot: dict[Place, Shot] = field(default_factory=dict)

    async def play(self, script: Sequence[Shot | Answer]) -> None:
        """Shoot, wait, and look."""
        asyncio.get_running_loop().set_exception_handler(self._hear)
        lab = _built()
        lab.start()
        lives = _lives(lab)
        await asyncio.sleep(2)
        quiet = sum(map(len, lab.broker._logs.values()))
        for each in script:
            await asyncio.sleep(each.after)
            self._shoot(lab, _ready(lab, each))
        await asyncio.sleep(AFTERWARDS)
        self.fallen += [f"{name} is not there any more" for name, task in lives.items() if task.done()]
        self._look(lab, quiet)
        for process in (lab.correlate, *lab.workers):
            if process is not None:
                process.kill(bury=False)
        await asyncio.sleep(0)
        gc.collect()

    def _shoot(self, lab: Lab, shot: Shot) -> None:
        stamp = lab.broker.append(shot.topic, shot.key, shot.value, headers=shot.headers)
        self.shot[shot.topic, stamp.partition, stamp.offset] = shot

    def _hear(self, _: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """A task that nobody waits for has ended by an exception: somebody is not there any more."""
        self.fallen.append(f"{context.get('message')}: {context.get('exception')!r}")

    def _look(self, lab: Lab, quiet: int) -> None:
        self.fallen += lab.correlate_actor.left
        mailbox = lab.broker.log(SIGNALS, 0)
        handled = lab.correlate_actor._progress.committable(0) or 0
        if handled < len(mailbox) - 1:
            self.fallen.append(f"correlate stands at {handled} of {len(mailbox)}")
        dead = _dead(lab, self)
        self._is_told(lab, dead)
        self._has_not_grown(lab, quiet)
        self._is_shown(lab)

    def _is_told(self, lab: Lab, dead: set[Place]) -> None:
        """Every record is a verdict or a dead letter."""
        verdicts = [r.value for r in lab.broker.all(VERDICTS) if isinstance(r.value, Verdict)]
        signals = {r.stamp.offset: r.value for r in lab.broker.log(SIGNALS, 0)}
        aside = (fault_of(letter) for offset, letter in signals.items() if (SIGNALS, 0, offset) in dead)
        self.fallen += untold(self.shot, dead, verdicts, {event for event in aside if event is not None})

    def _has_not_grown(self, lab: Lab, quiet: int) -> None:
        """Nothing that was written is larger than a broker takes, and there is not more of it than was asked for."""
        ours = [record for log in lab.broker._logs.values() for record in log]
        largest = max(len(record.raw or b"") for record in ours)
        shot = max((len(each.value or b"") for each in self.shot.values()), default=0)
        if largest > max(ROOMY, shot):
            self.fallen.append(f"a record of {largest} bytes was written")
        if len(ours) > quiet + PER_SHOT * (len(self.shot) + 20):
            self.fallen.append(f"{len(ours) - quiet} records came of {len(self.shot)}")
        rows = [row_of(value) for value in lab.table.values()]
        subjects = [row for row in rows if isinstance(row, SubjectRow)]
        if len(rows) > 20 + len(self.shot):
            self.fallen.append(f"{len(rows)} rows came of {len(self.shot)} records")
        if wide := [row.key for row in subjects if len(encode(row)) > ROW]:
            self.fallen.append(f"rows have grown: {wide}")

    def _is_shown(self, lab: Lab) -> None:
        """The projector reads all of it."""
        documents = MemoryDocuments()
        documents.own("fuzz")
        projector = Projector(documents, "fuzz")
        records = sorted((r for topic in PROJECTED for r in _all(lab, topic)), key=lambda r: r[1].at)
        try:
            projector.take(records, {})
            while not projector.is_done:
                projector.project(is_current=True)
        except Exception as error:
            self.fallen.append(f"the projector fell: {error!r}")


ROW = 300_000
"""Bytes of a row: a policy or a worker's answer may make one larger than faults do, and still it fits."""


def _built() -> Lab:
    lab = Lab()
    lab.broker.watchers.clear()
    lab.describe_segment("rack1")
    for name in ("cmp1", "cmp2", "spare"):
        lab.cloud.add_host(name)
        lab.describe_host(name, "rack1")
    for guest in ("web", "db"):
        lab.cloud.add_guest(guest, "cmp1")
    return lab


def _lives(lab: Lab) -> "dict[str, asyncio.Task[None]]":
    """What each process does until it ends; to be asked for right after its start."""
    assert lab.correlate is not None
    (correlate,), (worker,), (route,) = lab.correlate._tasks, lab.workers[0]._tasks, lab.route._tasks
    return {"correlate": correlate, "the worker": worker, "route": route}


def _ready(lab: Lab, each: Shot | Answer) -> Shot:
    if isinstance(each, Shot):
        return each
    rows = [row for row in lab.rows() if isinstance(row, SubjectRow) and row.host == each.host]
    return answered(each, next((row.incident.order for row in rows if row.incident is not None), None))


def _dead(lab: Lab, town: Town) -> set[Place]:
    """The places of what was put aside; a reason that is a bug of ours is said."""
    found: set[Place] = set()
    for topic in TOLD:
        for record in lab.broker.all(dead_letters_of(topic)):
            why = {name: value.decode() for name, value in record.headers if name.startswith("dlq-")}
            place = why["dlq-topic"], int(why["dlq-partition"]), int(why["dlq-offset"])
            found.add(place)
            is_ours = why["dlq-error-class"] == "Poison" and place[0] == SIGNALS
            if is_ours and not why["dlq-error"].startswith((MISFITS, "a ")):
                town.fallen.append(f"a bug: {why['dlq-error']} at {place}")
    return found


def _all(lab: Lab, topic: str) -> list[Any]:
    return [(topic, record.stamp, record.raw or b"") for record in lab.broker.all(topic)]
