"""The watch of other hosts: asks those that it has drawn, in turn, and says whom it cannot reach.

The list is read again when its file changes. Questions are spread over the interval, and whoever has not answered is
asked again after a second.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path

from kasugai.agents.peers.drawing import BadPeers, Peers, parse
from kasugai.agents.peers.judging import Judge
from kasugai.agents.ports import Voice
from kasugai.core.words.heartbeats import Link
from kasugai.core.words.subject import host_subject

AGAIN = 1.0
"""Seconds before one that did not answer is asked again."""
PATIENCE = 1.0
"""Seconds that an answer may take."""
LOOK_AT_LIST = 10.0
"""Seconds between two looks at the list's file."""
LARGEST = 16 * 1_048_576
"""Bytes of a list."""

Ask = Callable[[str, int, float], Awaitable[bool]]
"""Whether an address answers at a port within so many seconds (`adapters.probing.answers`)."""

log = logging.getLogger(__name__)


class PeersWatch:
    """A `ports.Watch`."""

    name = "peers"

    def __init__(self, *, file: Path, own: str, port: int, every: float, voice: Voice, ask: Ask) -> None:
        """Ask at `port` every so many seconds those whom the host called `own` draws from `file`."""
        self._file, self._own, self._port, self._every = file, own, port, every
        self._voice, self._ask = voice, ask
        self._judge = Judge()
        self._listed = ""

    @property
    def trouble(self) -> str:
        """Why nothing is said of others."""
        if self._listed:
            return self._listed
        if self._judge.is_cut_off:
            return (
                f"nobody is reached: this host is cut off, or a firewall drops what goes to port {self._port} "
                "(let it pass, or refuse)"
            )
        return ""

    def links(self) -> tuple[Link, ...]:
        """Return what is seen of the networks."""
        return self._judge.links()

    async def run(self) -> None:
        """Watch until cancelled."""
        while True:
            stamp = _stamp(self._file)
            drawn = self._drawn()
            self._judge.draw({(network, host) for network, hosts in drawn.items() for host in hosts})
            async with asyncio.TaskGroup() as group:
                asking = [
                    group.create_task(self._keep_asking(network, host, address, n))
                    for n, (network, host, address) in enumerate(
                        (network, host, address)
                        for network, hosts in drawn.items()
                        for host, address in hosts.items()
                    )
                ]
                await self._list_changed(stamp)
                for task in asking:
                    task.cancel()

    async def _list_changed(self, stamp: int) -> None:
        while _stamp(self._file) == stamp:  # noqa: ASYNC110 - a file tells nobody
            await asyncio.sleep(LOOK_AT_LIST)

    def _drawn(self) -> dict[str, dict[str, str]]:
        try:
            peers = read(self._file)
        except BadPeers as error:
            self._listed = str(error)
            return {}
        for remark in peers.remarks:
            log.warning("%s", remark)
        drawn = peers.drawn(self._own)
        self._listed = "" if any(drawn.values()) else f"{self._file} names no other host"
        return drawn

    async def _keep_asking(self, network: str, host: str, address: str, n: int) -> None:
        """Begin at a moment of one's own, so that questions do not come all at once."""
        await asyncio.sleep(self._every * (n % 8) / 8)
        while True:
            answered = await self._ask(address, self._port, PATIENCE)
            self._judge.note(network, host, answered=answered)
            self._tell()
            await asyncio.sleep(self._every if answered else AGAIN)

    def _tell(self) -> None:
        for host, symptom in self._judge.said(asyncio.get_running_loop().time()):
            self._voice.say(host_subject(host), symptom, again=True, seen="by its peer")


def read(file: Path) -> Peers:
    """Return what a list says; raise BadPeers."""
    try:
        with file.open("rb") as opened:
            data = opened.read(LARGEST + 1)
    except OSError as error:
        raise BadPeers(f"{file} cannot be read: {error.strerror}: no other host is asked") from error
    if len(data) > LARGEST:
        raise BadPeers(f"{file} has more than {LARGEST} bytes: it is no list of peers")
    return parse(data.decode("utf-8", "replace"), str(file))


def _stamp(file: Path) -> int:
    try:
        return file.stat().st_mtime_ns
    except OSError:
        return -1
