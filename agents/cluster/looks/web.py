"""Asks over HTTP, for JSON: urllib in a thread, which costs an agent no package and 4 MiB.

Addresses are host[:port] with IPv6 in brackets or bare, or a whole URL.
"""

import asyncio
import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPException
from ipaddress import IPv6Address
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import (
    HTTPRedirectHandler,
    HTTPSHandler,
    OpenerDirector,
    ProxyHandler,
    Request,
    build_opener,
)

PATIENCE = 5.0
"""Seconds that an answer may take."""
MOST = 16 * 1024 * 1024
"""Bytes of an answer that are read."""


class NoAnswer(Exception):
    """A server had no answer that could be used; the text names it, never a token."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a server said."""

    data: Any
    date: str
    """When it said so, by its own clock."""


class _NoRedirect(HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        """A redirection would carry the token to somebody else."""


class Web:
    """Servers that share an authority and a token."""

    def __init__(self, *, ca_file: Path | None = None, patience: float = PATIENCE) -> None:
        """`ca_file` None trusts what the system trusts; OSError when it cannot be read."""
        context = ssl.create_default_context(cafile=str(ca_file) if ca_file else None)
        self._opener = build_opener(ProxyHandler({}), _NoRedirect(), HTTPSHandler(context=context))
        self._patience = patience

    async def get(self, url: str, headers: Mapping[str, str]) -> Answer:
        """Return what is there; NoAnswer after `patience` seconds, or when it is no JSON."""
        try:
            async with asyncio.timeout(self._patience + 1):
                return await asyncio.to_thread(
                    _get, self._opener, Request(url, headers=dict(headers)), self._patience
                )
        except TimeoutError as error:
            raise NoAnswer(f"{_place(url)} gave no answer within {self._patience:g} s") from error
        except HTTPError as error:
            raise NoAnswer(f"{_place(url)} answers {error.code} to {urlsplit(url).path}") from error
        except (OSError, HTTPException, ValueError) as error:
            raise NoAnswer(f"{_place(url)} cannot be used: {_reason(error)}") from error


def _get(opener: OpenerDirector, request: Request, patience: float) -> Answer:
    try:
        response = opener.open(request, timeout=patience)
    except HTTPError as error:
        error.close()
        raise
    with response:
        text = response.read(MOST + 1)
        if len(text) > MOST:
            raise ValueError(f"more than {MOST} bytes")
        return Answer(data=json.loads(text), date=response.headers.get("Date", ""))


def _place(url: str) -> str:
    return urlsplit(url).netloc


def _reason(error: Exception) -> str:
    return str(getattr(error, "reason", "")) or str(error) or type(error).__name__


def url_of(address: str, port: int) -> str:
    """Return the URL of host, host:port, an IPv6 address with or without brackets, or of a URL; `port` where none is
    said. ValueError when it is none of these."""
    text = address.strip()
    if "://" not in text:
        text = f"http://[{text}]" if _is_bare_ipv6(text) else f"http://{text}"
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username is not None:
        raise ValueError(f"{address!r} is no address: host, host:port, [IPv6]:port, http:// or https://")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{host}:{parts.port or port}{parts.path.rstrip('/')}"


def _is_bare_ipv6(text: str) -> bool:
    try:
        return IPv6Address(text) is not None
    except ValueError:
        return False
