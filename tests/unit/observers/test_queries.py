"""What Prometheus answers, when it is no answer, and for how long a query must name a host."""

import asyncio
import json
from collections.abc import Mapping
from email.utils import formatdate
from itertools import count
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kasugai.core.words.signals import Symptom
from kasugai.observers.prometheus import Reply, read_answer
from kasugai.observers.queries import Query, QueryWatch
from kasugai.observers.queries_file import BadQueries, parse_queries, read_queries
from kasugai.observers.seen import NoOpinion

NOW = 1_796_000_000
HOSTS = frozenset({f"cmp{n}" for n in range(1, 7)})
QUERY = Query(name="silent", url="http://p", query="up == 0", label="hostname", lasts=20.0)


def element(host: str | None = "cmp1", at: float = NOW) -> dict[str, Any]:
    return {"metric": {} if host is None else {"hostname": host}, "value": [at, "0"]}


def reply(*elements: object, http: int = 200, headers: Mapping[str, str] | None = None, **more: Any) -> Reply:
    body = {"status": "success", "data": {"resultType": "vector", "result": list(elements)}} | more
    sent = {"date": formatdate(NOW, usegmt=True)} | dict(headers or {})
    return Reply(status=http, headers=sent, body=json.dumps(body).encode())


def why(reply: Reply) -> str:
    with pytest.raises(NoOpinion) as caught:
        read_answer(reply, "hostname")
    return str(caught.value)


def test_an_answer_names_hosts_and_counts_what_has_no_name() -> None:
    found = read_answer(reply(element(), element("cmp2"), element(None)), "hostname")
    assert (found.hosts, found.nameless) == (frozenset({"cmp1", "cmp2"}), 1)
    assert read_answer(reply(), "hostname").hosts == frozenset()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (reply(http=503), "answers 503: success"),
        (reply(status="error", error="parse error"), "answers 200: parse error"),
        (reply(warnings=["store is away"]), "perhaps in part: ['store is away']"),
        (reply(isPartial=True), "partial"),
        (reply(data={"resultType": "matrix", "result": []}), "gives a matrix"),
        (reply(data=None), "gives a None"),
        (reply({"metric": {}}), "a vector that is not Prometheus'"),
        (reply({"metric": {}, "value": [True, "1"]}), "a vector that is not Prometheus'"),
        (reply(element(at=NOW - 61)), "samples that are 61 s old"),
        (reply(headers={"date": "yesterday"}), "without a Date"),
        (reply(headers={"age": "61"}), "by a cache 61 s ago"),
        (reply(headers={"age": "old"}), "by a cache old s ago"),
        (Reply(status=200, headers={}, body=b"<html>"), "not Prometheus' JSON"),
        (Reply(status=200, headers={}, body=b"[" * 100_000), "not Prometheus' JSON"),
    ],
)
def test_what_is_no_whole_fresh_answer_is_no_opinion(given: Reply, said: str) -> None:
    assert said in why(given)


@given(st.binary(max_size=200), st.integers(100, 599))
def test_any_bytes_are_an_answer_or_a_reason(body: bytes, status: int) -> None:
    try:
        read_answer(Reply(status=status, headers={}, body=body), "hostname")
    except NoOpinion as no:
        assert "\n" not in str(no)


class Asked:
    """A query whose answers come from a list."""

    def __init__(self) -> None:
        numbers = count(1)
        self.next: Reply | None = None
        self.watch = QueryWatch(QUERY, self._ask, every=10.0, new_episode=lambda: str(next(numbers)))

    async def _ask(self, query: Query) -> Reply:
        if self.next is None:
            raise NoOpinion("it is down")
        return self.next

    def look(self, now: float, *hosts: str, away: bool = False) -> list[tuple[str, Symptom, str]]:
        self.next = None if away else reply(*(element(host) for host in hosts))
        seen = asyncio.run(self.watch.look(HOSTS, now))
        return [(each.host, each.symptom, each.episode) for each in seen]


def test_a_host_is_down_once_every_answer_has_named_it_for_long_enough() -> None:
    asked = Asked()
    assert asked.look(0.0, "cmp1") == []
    assert asked.look(10.0, "cmp1") == []
    assert asked.look(20.0, "cmp1") == asked.look(30.0, "cmp1") == [("cmp1", Symptom.DOWN, "1")]
    assert asked.look(40.0) == [("cmp1", Symptom.CLEAR, "1")]


def test_one_answer_without_it_begins_anew() -> None:
    asked = Asked()
    asked.look(0.0, "cmp1")
    asked.look(10.0)
    assert asked.look(20.0, "cmp1") == []


def test_a_prometheus_that_is_down_calls_nobody_down_and_its_absence_lasts_for_nothing() -> None:
    asked = Asked()
    asked.look(0.0, "cmp1")
    for now in (10.0, 20.0, 30.0):
        with pytest.raises(NoOpinion):
            asked.look(now, away=True)
    assert asked.look(40.0, "cmp1") == [], "nobody looked in between"
    assert asked.look(60.0, "cmp1") == [("cmp1", Symptom.DOWN, "2")]


def test_whom_the_inventory_does_not_know_is_counted() -> None:
    asked = Asked()
    asked.look(0.0, "cmp1", "cmp1:9100", "CMP2")
    assert (asked.watch.strangers, asked.watch.named) == (2, frozenset({"cmp1"}))


def test_a_query_that_names_most_hosts_says_more_of_itself() -> None:
    asked = Asked()
    assert asked.look(0.0, "cmp1", "cmp2", "cmp3") == []
    with pytest.raises(NoOpinion, match="the query silent calls 4 of 6 hosts down at once"):
        asked.look(10.0, "cmp1", "cmp2", "cmp3", "cmp4")


FILE = """
queries:
  - name: node-exporter-silent
    url: https://prometheus.example.org:9090/
    query: up{job="node"} == 0
    label: hostname
    for: 2m
    means: down
"""


def test_a_file_is_read(tmp_path: Any) -> None:
    (query,) = parse_queries("q.yaml", FILE)
    assert (query.url, query.lasts) == ("https://prometheus.example.org:9090", 120.0)
    assert read_queries(str(tmp_path / "none.yaml")) == ()
    (tmp_path / "q.yaml").write_bytes(b"\xff")
    with pytest.raises(BadQueries, match="UTF-8"):
        read_queries(str(tmp_path / "q.yaml"))


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("    means: down\n", "", "q.yaml: query 1: means is missing"),
        ("means: down", "means: alive", "q.yaml: query 1: means: only `down`"),
        ("for: 2m", "for: 120", "q.yaml: query 1: for must be a text, for example 30s"),
        ("for: 2m", "for: a while", "q.yaml: query 1: for: a number and s, m or h"),
        ("label:", "lable: x\n    label:", "q.yaml: query 1: nobody reads 'lable'"),
        ("https://", "https://me:SECRET@", "q.yaml: query 1: url: holds a password"),
        ("https://", "ftp://", "q.yaml: query 1: url: is no url"),
        (":9090", ":port", "q.yaml: query 1: url: is no url"),
        ("name: node", "name: Node", "q.yaml: query 1: name: small letters"),
        ("queries:", "questions:", "q.yaml: `queries:` and a list below it"),
        ("queries:", "queries: [", "q.yaml:3: this is no YAML"),
        ("queries:", "queries: []\nqueries:", "q.yaml:3: this is no YAML: queries is there twice"),
    ],
)
def test_what_is_wrong_in_a_file_is_one_line_without_secrets(old: str, new: str, line: str) -> None:
    with pytest.raises(BadQueries) as caught:
        parse_queries("q.yaml", FILE.replace(old, new, 1))
    assert str(caught.value).startswith(line) and "SECRET" not in str(caught.value)


def test_two_queries_of_one_name_would_be_one_observer() -> None:
    with pytest.raises(BadQueries, match="node-exporter-silent is there twice"):
        parse_queries("q.yaml", FILE + FILE.replace("\nqueries:\n", ""))
