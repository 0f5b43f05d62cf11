"""Sends one message to one receiver, and says what came of it: taken, refused for good, or to be tried again.

Secrets are read from their files for each message. No line and no error names a url beyond its host, a header, a body
or what a file holds: any of them may be a secret.
"""

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from kasugai.adapters.web import Unanswered, authorization, token_of
from kasugai.announcers.ports import Answer, Sends
from kasugai.announcers.receivers_file import Receiver, why_not
from kasugai.announcers.templates import fill

LONGEST_WAIT = 60.0
"""Seconds that a receiver's own word (Retry-After) can have us wait."""
MENDED = frozenset(
    {
        HTTPStatus.UNAUTHORIZED,
        HTTPStatus.FORBIDDEN,
        HTTPStatus.NOT_FOUND,
        HTTPStatus.PROXY_AUTHENTICATION_REQUIRED,
        HTTPStatus.REQUEST_TIMEOUT,
        HTTPStatus.TOO_EARLY,
        HTTPStatus.TOO_MANY_REQUESTS,
    }
)
"""What a client is told and a later try can find mended: a token that was replaced, an address, a crowd."""
BROKEN = "\u200b"
"""Put behind a character that a receiver would obey: it has no width."""


class Away(Exception):
    """It was not taken, and may be later. One line without secrets."""

    def __init__(self, why: str, wait: float = 0.0) -> None:
        """`wait`: seconds that the receiver asks us to wait; 0: it does not say."""
        super().__init__(why)
        self.wait = wait


class Refused(Exception):
    """It will never be taken. One line without secrets."""


async def deliver(
    receiver: Receiver, sends: Sends, values: Mapping[str, str], links: Mapping[str, str]
) -> str:
    """Send what the receiver's template makes of these values and links, and return what the answer calls the message
    (empty where it does not say, or where the receiver has it already). Away or Refused when it was not taken."""
    try:
        words = {name: _defused(value, receiver.defuse) for name, value in values.items()}
        secrets = {name: token_of(file) for name, file in receiver.secrets.items()}
        said = {**words, **links, **receiver.values, **secrets}
        if receiver.unless and await _has_it(receiver, sends, said):
            return ""
        url = _url(receiver, said)
        headers = {name: fill(value, said) for name, value in receiver.headers.items()}
        given = {"Content-Type": "application/json", "Idempotency-Key": values["id"]}
        body = json.dumps(fill(receiver.body, said)).encode()
        answer = await sends.send(
            receiver.method,
            url,
            body,
            {**given, **authorization(receiver.token_file), **headers},
            ca_file=receiver.ca_file,
            proxy=receiver.proxy,
        )
    except Unanswered as error:
        raise Away(str(error)) from None
    return _taken(receiver, answer)


def _url(receiver: Receiver, said: Mapping[str, str]) -> str:
    """A url of a file is taken as it is; what is put into another one is quoted, but for what the operator wrote."""
    url = token_of(receiver.url_file) if receiver.url_file else _filled(receiver.url, receiver, said)
    if why := why_not(url, insecure=receiver.insecure):
        raise Away(f"its url cannot be used: {why}")
    return url


def _filled(template: str, receiver: Receiver, said: Mapping[str, str]) -> str:
    quoted = {name: quote(value, safe="") for name, value in said.items()}
    addresses = {name: value for name, value in receiver.values.items() if "://" in value}
    filled: str = fill(template, quoted | addresses)
    return filled


async def _has_it(receiver: Receiver, sends: Sends, said: Mapping[str, str]) -> bool:
    """Ask the receiver whether it took the message before. Away when it does not say."""
    url = _filled(receiver.unless, receiver, said)
    if why := why_not(url, insecure=receiver.insecure):
        raise Away(f"its unless cannot be used: {why}")
    headers = {"Accept": "application/json", **authorization(receiver.token_file)}
    answer = await sends.send("GET", url, b"", headers, ca_file=receiver.ca_file, proxy=receiver.proxy)
    found = (
        [] if answer.body.strip() == b"null" else _parsed(answer.body)
    )  # so Go says an empty list, at times
    if answer.status != HTTPStatus.OK or not isinstance(found, list):
        wait = _wait(answer.headers.get("retry-after", ""))
        raise Away(f"asked whether it has the message, it answers {answer.status} and no list", wait)
    return bool(found)


def _defused(value: str, characters: str) -> str:
    return "".join(each + BROKEN if each in characters else each for each in value) if characters else value


def _taken(receiver: Receiver, answer: Answer) -> str:
    status = answer.status
    if status in MENDED or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise Away(f"it answers {status}", _wait(answer.headers.get("retry-after", "")))
    if not HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        raise Refused(f"it answers {status}")
    found = _parsed(answer.body)
    wrong = [key for key, value in receiver.must.items() if _at(found, key) != value]
    if wrong:
        raise Away(f"its answer does not hold {wrong[0]} as it must")
    word = _at(found, receiver.thread) if receiver.thread else ""
    return word if isinstance(word, str) else ""


def _wait(text: str) -> float:
    return min(float(text), LONGEST_WAIT) if text.isascii() and text.isdigit() else 0.0


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _at(found: Any, path: str) -> Any:
    for key in path.split("."):
        found = found.get(key) if isinstance(found, dict) else None
    return found
