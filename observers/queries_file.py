"""Reads queries.yaml: which questions to Prometheus are witnesses.

    queries:
      - name: node-exporter-silent
        url: https://prometheus.example.org:9090
        query: up{job="node"} == 0
        label: hostname
        for: 30s
        means: down
        token_file: /etc/kasugai/prometheus.token
        ca_file: /etc/kasugai/prometheus-ca.pem

What is wrong is named by query and key. Passwords have no place in it: a token is in a file of its own.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from kasugai.adapters import yaml_text
from kasugai.observers.queries import Query

NAME = re.compile(r"^[a-z0-9][a-z0-9-]{0,62}$")
LENGTH = re.compile(r"^(\d{1,5})(s|m|h)$")
SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0}
NEEDED = frozenset({"name", "url", "query", "label", "for", "means"})
KNOWN = NEEDED | {"token_file", "ca_file"}
MOST = 100
"""Queries: each is one question in every round."""


class BadQueries(Exception):
    """The file cannot be used as it is written. One line: file, query, key, reason, example."""


def read_queries(file: str) -> tuple[Query, ...]:
    """Return the queries of a file, in its order; none where there is no such file. BadQueries."""
    try:
        text = Path(file).read_text("utf-8")
    except FileNotFoundError:
        return ()
    except (OSError, UnicodeDecodeError) as error:
        raise BadQueries(
            f"{file}: cannot be read: {getattr(error, 'strerror', None) or 'it is no UTF-8'}"
        ) from None
    return parse_queries(file, text)


def parse_queries(file: str, text: str) -> tuple[Query, ...]:
    """Return the queries of a file's text. BadQueries."""
    try:
        body = yaml_text.document(file, text, yaml_text.Typed)
    except yaml_text.NoYaml as error:
        raise BadQueries(str(error)) from None
    match body:
        case {"queries": list(rows), **rest} if not rest:
            pass
        case _:
            raise BadQueries(f"{file}: `queries:` and a list below it belong here, nothing else")
    if len(rows) > MOST:
        raise BadQueries(f"{file}: has {len(rows)} queries, at most {MOST} are asked")
    queries = tuple(_query(file, number, row) for number, row in enumerate(rows, 1))
    names = [query.name for query in queries]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise BadQueries(f"{file}: {twice[0]} is there twice: each query is an observer of its own name")
    return queries


def _query(file: str, number: int, row: object) -> Query:
    where = f"{file}: query {number}"
    if not isinstance(row, dict):
        raise BadQueries(f"{where}: keys and values belong here: {', '.join(sorted(NEEDED))}")
    strange, missing = sorted(map(str, set(row) - KNOWN)), sorted(NEEDED - set(row))
    if strange or missing:
        what = f"nobody reads {strange[0][:40]!r}" if strange else f"{missing[0]} is missing"
        raise BadQueries(f"{where}: {what}; known are {', '.join(sorted(KNOWN))}")
    texts = {key: _text(where, key, value) for key, value in row.items()}
    _check(where, texts)
    return Query(
        name=texts["name"],
        url=texts["url"].rstrip("/"),
        query=texts["query"],
        label=texts["label"],
        lasts=_seconds(where, texts["for"]),
        token_file=texts.get("token_file", ""),
        ca_file=texts.get("ca_file", ""),
    )


def _text(where: str, key: str, value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise BadQueries(f"{where}: {key} must be a text" + (", for example 30s" if key == "for" else ""))
    return value.strip()


def _check(where: str, texts: Mapping[str, Any]) -> None:
    if not NAME.match(texts["name"]):
        raise BadQueries(
            f"{where}: name: small letters, digits and hyphens, for example node-exporter-silent"
        )
    if texts["means"] != "down":
        raise BadQueries(f"{where}: means: only `down`: no query is a sign of life")
    check_url(f"{where}: url", texts["url"])


def check_url(where: str, url: str) -> None:
    """BadQueries for what is no http(s) url, or holds a password."""
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and parts.hostname is not None and parts.port != 0
        secret = parts.username is not None or parts.password is not None
    except ValueError:
        good, secret = False, False
    if not good:
        raise BadQueries(f"{where}: is no url, for example http://prometheus:9090")
    if secret:
        raise BadQueries(f"{where}: holds a password: write a token into a file and name it in token_file")


def _seconds(where: str, text: str) -> float:
    found = LENGTH.match(text)
    if found is None:
        raise BadQueries(f"{where}: for: a number and s, m or h, for example 30s")
    return int(found[1]) * SECONDS[found[2]]
