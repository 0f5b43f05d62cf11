"""Asks another system over HTTP: one GET, or one body sent; a bounded answer, a bounded time, no repetition, no
redirect, no cookie.

A token is read from its file for each question, so that one that was replaced counts at once, and is in no message.
"""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import aiohttp

MOST = 16 * 1024 * 1024
"""Bytes of an answer: 10,000 hosts with 1.5 KB each."""


class Unanswered(Exception):
    """There is no answer. One line, without secrets."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An answer, whatever its status."""

    status: int
    headers: Mapping[str, str]
    """By name in small letters."""
    body: bytes


class Web:
    """Asks as long as it is open."""

    def __init__(self, seconds: float) -> None:
        """Give a question up after so long."""
        self._seconds = seconds
        self._session = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=seconds), cookie_jar=aiohttp.DummyCookieJar(), trust_env=False
        )
        self._contexts: dict[str, ssl.SSLContext] = {}

    async def __aenter__(self) -> Self:
        """Return itself."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Ask nothing more."""
        await self._session.close()

    async def get(
        self, url: str, params: Mapping[str, str] | None = None, *, token_file: str = "", ca_file: str = ""
    ) -> Answer:
        """Return the answer; Unanswered when there is none."""
        try:
            headers = {"Accept": "application/json", **authorization(token_file)}
            async with self._session.get(
                url,
                params=params,
                headers=headers,
                allow_redirects=False,
                ssl=self._context(ca_file) if ca_file else True,
            ) as response:
                body = await _bounded(response)
                found = {name.lower(): value for name, value in response.headers.items()}
                return Answer(status=response.status, headers=found, body=body)
        except TimeoutError:
            raise Unanswered(f"does not answer within {self._seconds:g} s") from None
        except (aiohttp.ClientError, ssl.SSLError) as error:
            raise Unanswered(f"does not answer: {_line(error)}") from None
        except (OSError, ValueError) as error:
            raise Unanswered(f"cannot be asked: {_line(error)}") from None

    async def send(
        self,
        method: str,
        url: str,
        body: bytes,
        headers: Mapping[str, str],
        *,
        ca_file: str = "",
        proxy: str = "",
    ) -> Answer:
        """Send a body once, and return the answer whatever it is; Unanswered when there is none. The url may be a
        secret: no error names more of it than its host."""
        try:
            async with self._session.request(
                method,
                url,
                data=body,
                headers=headers,
                proxy=proxy or None,
                allow_redirects=False,
                ssl=self._context(ca_file) if ca_file else True,
            ) as response:
                found = {name.lower(): value for name, value in response.headers.items()}
                return Answer(status=response.status, headers=found, body=await _bounded(response))
        except TimeoutError:
            raise Unanswered(f"does not answer within {self._seconds:g} s") from None
        except (aiohttp.InvalidURL, aiohttp.ClientResponseError) as error:
            raise Unanswered(f"cannot be asked: {type(error).__name__}") from None  # both quote the url
        except (aiohttp.ClientError, ssl.SSLError) as error:
            raise Unanswered(f"does not answer: {_line(error)}") from None
        except (OSError, ValueError) as error:
            raise Unanswered(f"cannot be asked: {_line(error)}") from None

    def _context(self, ca_file: str) -> ssl.SSLContext:
        if ca_file not in self._contexts:
            self._contexts[ca_file] = ssl.create_default_context(cafile=ca_file)
        return self._contexts[ca_file]


def authorization(token_file: str) -> dict[str, str]:
    """Return the header that shows a token; none without a file. Unanswered when the file gives none."""
    return {"Authorization": f"Bearer {token_of(token_file)}"} if token_file else {}


def token_of(file: str) -> str:
    """Return the token of a file. Unanswered, which names the file alone, when there is none."""
    try:
        token = Path(file).read_text("ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no ASCII text"
        raise Unanswered(f"{file}: the token cannot be read: {reason}") from None
    if not token or not token.isprintable() or " " in token:
        raise Unanswered(f"{file}: holds no token: one line without blanks belongs there")
    return token


async def _bounded(response: aiohttp.ClientResponse) -> bytes:
    parts, size = [], 0
    async for part in response.content.iter_any():
        size += len(part)
        if size > MOST:
            raise Unanswered(f"answers with more than {MOST // 1024 // 1024} MiB")
        parts.append(part)
    return b"".join(parts)


def _line(error: Exception) -> str:
    """What an error says in one line; some say nothing but their kind. Never a header: tokens are in those."""
    text = " ".join(str(error).split())[:200]
    return text or type(error).__name__
