"""The message of the real fence_kdump_send, as a crash kernel sends it."""

import asyncio
import subprocess
from pathlib import Path

import pytest

from kasugai.agents.kdump import KdumpOptions, KdumpWatch
from kasugai.core.words.signals import Symptom
from tests.support.voices import Heard, Seconds

pytestmark = pytest.mark.integration

SENDER = Path("/usr/libexec/fence-agents/fence_kdump_send")
"""Of Debian's fence-agents (tools/ensure-services)."""


def test_a_crash_kernels_message_is_heard() -> None:
    heard = Heard()
    options = KdumpOptions(listen="127.0.0.1", port=0, hosts={"cmp2": ("127.0.0.1",)})
    watch = KdumpWatch(options, heard, host="cmp1", clock=Seconds())

    async def one_dump() -> None:
        running = asyncio.create_task(watch.run())
        async with asyncio.timeout(20):
            while watch.port == 0:  # noqa: ASYNC110 - a watch tells nobody
                await asyncio.sleep(0.01)
            command = (str(SENDER), "-p", str(watch.port), "-f", "ipv4", "-c", "2", "-i", "1", "127.0.0.1")
            sent = await asyncio.to_thread(subprocess.run, command, capture_output=True, check=False)
            assert sent.returncode == 0, sent.stderr
            while not heard.words:  # noqa: ASYNC110 - a watch tells nobody
                await asyncio.sleep(0.01)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    asyncio.run(one_dump())
    assert heard.take() == [("cmp2", Symptom.DUMPING)]
