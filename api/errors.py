"""The API's way to say no: a status, a sentence, and the envelope in which Masakari's clients look for it.

Whatever is raised here is meant for the client; everything else that escapes a handler is a bug and shows no detail.
"""

import json
from collections.abc import Mapping

NAMES: Mapping[int, str] = {
    400: "badRequest",
    401: "unauthorized",
    403: "forbidden",
    404: "itemNotFound",
    405: "badMethod",
    409: "conflictingRequest",
    413: "overLimit",
    415: "badMediaType",
    429: "overLimit",
    501: "notImplemented",
    503: "serviceUnavailable",
}
"""The fault's name by status; every other one is a `masakariFault`."""

RETRY_AFTER = 5
"""Seconds after which a client may find Kafka, Redis or Nova again."""

CONTENT_TYPE = "application/json; charset=UTF-8"


class ApiError(Exception):
    """The answer is no."""

    def __init__(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> None:
        """`message` is for the client: no secrets, no internals."""
        super().__init__(message)
        self.status = status
        self.message = message
        self.headers = dict(headers or {})

    def body(self) -> bytes:
        """Return the envelope."""
        fault: dict[str, object] = {"code": self.status, "message": self.message}
        if "Retry-After" in self.headers and self.status in (413, 429):
            fault["retryAfter"] = self.headers["Retry-After"]
        return json.dumps({NAMES.get(self.status, "masakariFault"): fault}).encode()


class NoRoute(Exception):
    """There is nothing at that path for that method: 404 in plain text, outside the envelope."""


class NoUser(Exception):
    """Nobody in particular asks: 401 in plain text, outside the envelope."""


def bad_request(message: str) -> ApiError:
    """Return a 400."""
    return ApiError(400, message)


def not_found(what: str, uuid: str) -> ApiError:
    """Return a 404 about a thing."""
    return ApiError(404, f"No {what} with id {uuid}.")


def conflict(message: str) -> ApiError:
    """Return a 409."""
    return ApiError(409, message)


def away(message: str) -> ApiError:
    """Return a 503 that says when to ask again."""
    return ApiError(503, message, {"Retry-After": str(RETRY_AFTER)})
