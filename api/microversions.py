"""Microversions: which one a request asks for, and what a response says about it (masakari.md 1.3)."""

import re
from typing import Final

from kasugai.api.errors import ApiError, bad_request

Microversion = tuple[int, int]

LOWEST: Final[Microversion] = (1, 0)
HIGHEST: Final[Microversion] = (1, 3)
HEADER: Final = "OpenStack-API-Version"
SERVICE: Final = "instance-ha"
_FORM = re.compile(r"([1-9]\d*)\.([1-9]\d*|0)")


def asked(header: str | None) -> Microversion:
    """Return the microversion that a request's header asks for; ApiError 400 or 406."""
    text = _own(header or "")
    if text is None:
        return LOWEST
    if text == "latest":
        return HIGHEST
    found = _FORM.fullmatch(text)
    if found is None or len(text) > 20:
        raise bad_request(
            f"API Version String {text[:100]} is of invalid format. Must be of format MajorNum.MinorNum."
        )
    version = int(found[1]), int(found[2])
    if not LOWEST <= version <= HIGHEST:
        raise ApiError(
            406,
            f"Version {text} is not supported by the API. Minimum is {dotted(LOWEST)} and "
            f"maximum is {dotted(HIGHEST)}.",
            headers(text),
        )
    return version


def _own(header: str) -> str | None:
    """Return what is said to us, the last word if there are several: other services' words, and legacy forms, are not
    for us."""
    for part in reversed(header.split(",")):
        words = part.split(None, 1)
        if len(words) == 2 and words[0].lower() == SERVICE:
            return words[1].strip().lower()
    return None


def headers(version: str) -> dict[str, str]:
    """Return what every negotiated answer carries."""
    return {HEADER: f"{SERVICE} {version}", "Vary": HEADER}


def dotted(version: Microversion) -> str:
    """Return `1.3`."""
    return f"{version[0]}.{version[1]}"
