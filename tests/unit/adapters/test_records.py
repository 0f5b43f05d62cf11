"""Records as they come in: whatever their writers chose, somebody reads on."""

from typing import Any

import pytest

from kasugai.adapters.kafka.records import incoming


class Told:
    """Stands in for the client's message; its headers are `headers`, or what that raises."""

    def __init__(self, headers: object) -> None:
        """Be a record of cmp1's."""
        self._headers = headers

    def headers(self) -> object:
        """See confluent_kafka.Message."""
        if isinstance(self._headers, Exception):
            raise self._headers
        return self._headers

    topic = staticmethod(lambda: "faults")
    partition = staticmethod(lambda: 0)
    offset = staticmethod(lambda: 7)
    timestamp = staticmethod(lambda: (2, 1_234))
    key = staticmethod(lambda: b"cmp1")
    value = staticmethod(lambda: b"a value")


def taken(headers: object) -> Any:
    return incoming(Told(headers))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "trouble", [SystemError("the client failed"), UnicodeDecodeError("utf-8", b"", 0, 1, "no text")]
)
def test_headers_that_the_client_cannot_show_end_nobody(trouble: Exception) -> None:
    found = taken(trouble)
    assert (found.headers, found.offset, found.key, found.value) == ((), 7, b"cmp1", b"a value")


@pytest.mark.parametrize("shown", [[("name", b"said"), ("none", None)], {"name": b"said", "none": None}])
def test_headers_are_taken_in_either_form(shown: object) -> None:
    assert taken(shown).headers == (("name", b"said"), ("none", b""))


def test_no_headers_are_none() -> None:
    assert taken(None).headers == ()
