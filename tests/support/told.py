"""What Kafka tells about incidents, read by a thread for as long as a test goes on, whatever befalls Kafka."""

import asyncio
import threading
from collections.abc import Mapping, Sequence
from contextlib import aclosing, suppress

from kasugai.adapters.settings import KafkaSettings
from kasugai.cli.recorded import follow
from kasugai.core.recovering.doors import LogAway
from kasugai.core.telling.incident_views import IncidentView, Seen


class Told:
    """All records about incidents, read by a thread of its own for as long as Kafka lets it."""

    def __init__(self) -> None:
        """Nothing yet."""
        self.seen: list[Seen] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None
        self._thread: threading.Thread | None = None

    def begin(self, kafka: KafkaSettings) -> None:
        """Begin to read."""
        self._thread = threading.Thread(target=lambda: asyncio.run(self._main(kafka)), name="told")
        self._thread.start()

    def end(self) -> None:
        """Read no more."""
        if self._thread is not None and self._loop is not None and self._task is not None:
            self._loop.call_soon_threadsafe(self._task.cancel)
            self._thread.join(30)

    async def _main(self, kafka: KafkaSettings) -> None:
        self._loop = asyncio.get_running_loop()
        self._task = asyncio.create_task(self._follow(kafka))
        with suppress(asyncio.CancelledError):
            await self._task

    async def _follow(self, kafka: KafkaSettings) -> None:
        """Read from the beginning again whenever Kafka was away: what is there twice counts once."""
        while True:
            seen: list[Seen] = []
            with suppress(LogAway):
                async with aclosing(follow(kafka)) as steps:
                    async for step in steps:
                        seen += step.seen
                        self.seen = seen if step.is_current else self.seen
            await asyncio.sleep(0.2)


def progress(views: Sequence[IncidentView]) -> Mapping[str, str]:
    """Return each incident's phase by its host, for messages about what is missing."""
    return {
        view.host: f"{view.phase} {view.instances_done}/{len(view.instances)} {view.why}" for view in views
    }
