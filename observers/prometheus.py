"""What Prometheus answers to an instant query, and when it is no answer: not 200, not its JSON, partial, with warnings,
old, or about other things than an instant vector.

Prometheus' HTTP API (`/api/v1/query`): `status`, `data.resultType`, `data.result`, `warnings`, `infos`. Thanos says by
`warnings` that stores are missing, VictoriaMetrics by `isPartial`. Any bytes give an answer or a reason, never more.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

from kasugai.observers.seen import NoOpinion
from kasugai.observers.texts import shown

OLD = 60.0
"""Seconds that samples may be older than the answer that brings them, and the answer older than now (a cache)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An HTTP answer, whatever it holds."""

    status: int
    headers: Mapping[str, str]
    """By name in small letters."""
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """Whom the elements of an answer name."""

    hosts: frozenset[str]
    nameless: int
    """Elements without the label."""


def read_answer(reply: Reply, label: str) -> Named:
    """Return which hosts an answer names by `label`; NoOpinion with the reason why it is none."""
    body = _body(reply)
    _check(reply, body)
    elements = _elements(body)
    _check_age(reply, elements)
    found = [_text(element["metric"], label) for element in elements]
    return Named(hosts=frozenset(filter(None, found)), nameless=found.count(""))


def _body(reply: Reply) -> Mapping[str, Any]:
    try:
        body = json.loads(reply.body)
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict):
        raise NoOpinion(f"answers {reply.status} with what is not Prometheus' JSON: is the url right?")
    return body


def _check(reply: Reply, body: Mapping[str, Any]) -> None:
    """Refuse what Prometheus itself says is no whole answer."""
    if reply.status != 200 or body.get("status") != "success":
        raise NoOpinion(f"answers {reply.status}: {shown(body.get('error') or body.get('status'))}")
    if body.get("warnings"):
        raise NoOpinion(f"answers with warnings, so perhaps in part: {shown(body['warnings'])}")
    if body.get("isPartial"):
        raise NoOpinion("says that its answer is partial")


def _elements(body: Mapping[str, Any]) -> list[dict[str, Any]]:
    data = body.get("data")
    kind = data.get("resultType") if isinstance(data, dict) else None
    if not isinstance(data, dict) or kind != "vector":
        raise NoOpinion(
            f"gives a {shown(kind)}: a query must give an instant vector, one element for each host"
        )
    result = data.get("result")
    if not isinstance(result, list) or not all(map(_is_element, result)):
        raise NoOpinion("gives a vector that is not Prometheus'")
    return result


def _is_element(element: object) -> bool:
    match element:
        case {"metric": dict(), "value": [int() | float() as at, str()]}:
            return not isinstance(at, bool)
        case {"metric": dict(), "histogram": [int() | float() as at, dict()]}:
            return not isinstance(at, bool)
        case _:
            return False


def _check_age(reply: Reply, elements: list[dict[str, Any]]) -> None:
    """Ages within the answer: no clock of ours is asked."""
    age = reply.headers.get("age", "0")
    if not age.isascii() or not age.isdigit() or float(age[:12]) > OLD:
        raise NoOpinion(
            f"was answered by a cache {shown(age)} s ago: let nothing between us and Prometheus keep answers"
        )
    date = _date(reply)
    oldest = min((_at(element) for element in elements), default=date)
    if date - oldest > OLD:
        raise NoOpinion(f"answers with samples that are {date - oldest:.0f} s old by its own clock")


def _date(reply: Reply) -> float:
    try:
        return parsedate_to_datetime(reply.headers.get("date", "")).timestamp()
    except (TypeError, ValueError, OverflowError):
        raise NoOpinion("answers without a Date, so that nobody knows how old its samples are") from None


def _at(element: Mapping[str, Any]) -> float:
    pair = element.get("value") or element.get("histogram")
    return float(pair[0]) if pair else 0.0


def _text(labels: Mapping[str, Any], label: str) -> str:
    found = labels.get(label)
    return found if isinstance(found, str) else ""
