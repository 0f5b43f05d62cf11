"""Nova's lists, all pages of them."""

from collections.abc import AsyncGenerator
from dataclasses import replace

from kasugai.adapters.nova import views
from kasugai.adapters.nova.wire import Ask, Reply, Wire
from kasugai.core.recovering.doors import CloudAway, CloudRefused

PAGES = 100
"""Pages of a list at most; Nova's have a thousand rows."""


async def pages(wire: Wire, ask: Ask, key: str) -> list[views.Row]:
    """Return the rows of all pages, which are below `key`; CloudAway for a list that does not end."""
    return [row async for rows in each_page(wire, ask, key) for row in rows]


async def each_page(
    wire: Wire, ask: Ask, key: str, most: int = PAGES
) -> AsyncGenerator[list[views.Row], None]:
    """Yield the rows of one page after the other. A page is asked for by its marker at our own endpoint: the link may
    name an address that only Nova itself can reach. CloudAway for a list that does not end."""
    seen: list[str] = []
    while len(seen) < most:
        marker = {"marker": seen[-1]} if seen else {}
        page = replace(ask, params={**ask.params, **marker})
        body = (await _page(wire, page, is_first=not seen)).body
        yield views.pick(body, key)
        following = views.next_marker(body, key)
        if following is None:
            return
        if following in seen:
            raise CloudAway(f"{ask.name}: the list has no end: it leads back to a page that was read")
        seen.append(following)
    raise CloudAway(f"{ask.name}: the list has more than {most} pages")


async def _page(wire: Wire, ask: Ask, *, is_first: bool) -> Reply:
    """A marker that has gone meanwhile is Nova's 400: the list has to be read again from its beginning."""
    try:
        return await wire.send(ask)
    except CloudRefused as refusal:
        if is_first or refusal.status != 400:
            raise
        raise CloudAway(f"{ask.name}: the list changed while it was read: {refusal.message}") from refusal
