"""The time that a worker measures by: the running event loop's, so that it runs under virtual time as well."""

import asyncio

from kasugai.core.words.timing import MonoTime


def monotonic_ms() -> MonoTime:
    """Return the running loop's time in milliseconds."""
    return MonoTime(round(asyncio.get_running_loop().time() * 1000))
