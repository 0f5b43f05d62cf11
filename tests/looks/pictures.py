"""Pictures of a page by a headless Chromium: on a screen by day and by night, and on a telephone."""

from collections.abc import Iterator
from pathlib import Path

from tests.support.chromium import Chromium

SCREEN, PHONE = 1280, 400
LOOKS = (("light", SCREEN, False), ("dark", SCREEN, True), ("phone", PHONE, False))
MOST = 300_000
"""Bytes of a picture: they lie in the repository."""
HIGH = 2400
"""Of a long page its beginning is enough."""


class Unsightly(Exception):
    """What a browser says of a page. One line."""


def take(browser: Chromium, drawn: Path, folder: Path) -> Iterator[Path]:
    """Take all pictures of a page and give them; Unsightly where the browser complains or a picture is too large."""
    folder.mkdir(parents=True, exist_ok=True)
    for look, width, is_dark in LOOKS:
        browser.complaints.clear()
        browser.show(drawn, width=width, dark=is_dark)
        if browser.complaints or browser.value("document.body.dataset.drawn") != "yes":
            raise Unsightly(f"{drawn}, {look}: {browser.complaints or 'it is not drawn to its end'}")
        if (wide := browser.value("document.documentElement.scrollWidth")) > width:
            raise Unsightly(f"{drawn}, {look}: {wide} pixels wide on a screen of {width}")
        picture = folder / f"{drawn.stem}-{look}.png"
        browser.picture(picture, height=min(HIGH, browser.value("document.documentElement.scrollHeight")))
        if picture.stat().st_size > MOST:
            raise Unsightly(f"{picture}: {picture.stat().st_size} bytes, {MOST} at most")
        yield picture
