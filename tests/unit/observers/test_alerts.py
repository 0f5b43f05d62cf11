"""Alertmanager's messages: what they say, what is none, how long a word stands."""

import asyncio
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kasugai.core.words.signals import Symptom
from kasugai.observers.alerts import MOST_ALERTS, AlertWatch, BadPost, read_post
from kasugai.observers.seen import NoOpinion

HOSTS = frozenset({"cmp1", "cmp2", "cmp3", "cmp4"})


def alert(host: str = "cmp1", status: str = "firing", key: str = "f1", **changes: Any) -> dict[str, Any]:
    return {
        "status": status,
        "labels": {"hostname": host, "alertname": "Silent"},
        "startsAt": "2026-11-30T10:00:00Z",
        "fingerprint": key,
    } | changes


def post(*alerts: object, **changes: Any) -> bytes:
    return json.dumps({"version": "4", "alerts": list(alerts)} | changes).encode()


class Stage:
    """A watch at a time of its own."""

    def __init__(self) -> None:
        self.now = 0.0
        self.watch = AlertWatch(lasts=600.0, now=lambda: self.now)

    def send(self, *alerts: object) -> int:
        return self.watch.take(read_post(post(*alerts), "hostname"))

    def look(self) -> list[tuple[str, Symptom, str]]:
        seen = asyncio.run(self.watch.look(HOSTS, self.now))
        return [(each.host, each.symptom, each.episode) for each in seen]


DOWN = [("cmp1", Symptom.DOWN, "2026-11-30T10:00:00Z")]


def test_a_firing_alert_is_down_until_it_is_resolved() -> None:
    stage = Stage()
    stage.send(alert())
    assert stage.look() == stage.look() == DOWN
    stage.send(alert(status="resolved"))
    assert stage.look() == [("cmp1", Symptom.CLEAR, "2026-11-30T10:00:00Z")]
    assert stage.look() == []


def test_a_host_is_down_while_any_of_its_alerts_fires() -> None:
    stage = Stage()
    stage.send(alert(), alert(key="f2", startsAt="2026-11-30T11:00:00Z"))
    stage.send(alert(status="resolved", key="f2"))
    assert stage.look() == DOWN
    stage.send(alert())
    stage.send(alert(status="resolved"))
    assert [symptom for _, symptom, _ in stage.look()] == [Symptom.CLEAR], "sent twice is once"


def test_a_word_that_is_not_said_again_is_over_in_the_end() -> None:
    stage = Stage()
    stage.send(alert())
    stage.now = 600.0
    assert stage.look() == DOWN
    stage.now = 600.1
    assert stage.look() == []


def test_an_alert_of_degraded_hardware_is_no_word_that_its_host_is_down() -> None:
    stage = Stage()
    hardware = AlertWatch(lasts=600.0, now=lambda: stage.now, process="hardware")
    worn = alert(labels={"hostname": "cmp1", "kasugai": "degraded"})
    dead = alert("cmp2", key="f2", labels={"hostname": "cmp2", "kasugai": "down"})
    said = read_post(post(worn, dead), "hostname")
    assert (hardware.take(said), stage.watch.take(said)) == (0, 0)
    assert [host for host, *_ in stage.look()] == ["cmp2"]
    (seen,) = asyncio.run(hardware.look(HOSTS, 0.0))
    assert (seen.host, seen.process, seen.symptom) == ("cmp1", "hardware", Symptom.DOWN)
    hardware.take(read_post(post(worn | {"status": "resolved"}), "hostname"))
    (over,) = asyncio.run(hardware.look(HOSTS, 1.0))
    assert (over.process, over.symptom) == ("hardware", Symptom.CLEAR)
    assert {hardware.name, stage.watch.name} == {"alertmanager/degraded", "alertmanager"}


def test_what_alertmanager_resolves_and_we_never_heard_of_changes_nothing() -> None:
    stage = Stage()
    stage.send(alert(status="resolved"))
    assert stage.look() == []


def test_strangers_are_counted_and_most_hosts_at_once_are_doubted() -> None:
    stage = Stage()
    stage.send(alert("cmp9"), alert("cmp1:9100", key="f2"), alert(key="f3"))
    assert stage.look() == DOWN and stage.watch.strangers == 2
    stage.send(alert("cmp2", key="f4"), alert("cmp3", key="f5"))
    with pytest.raises(NoOpinion, match="alertmanager calls 3 of 4 hosts down"):
        stage.look()
    stage.send(alert("cmp2", status="resolved", key="f4"))
    assert ("cmp2", Symptom.CLEAR, "2026-11-30T10:00:00Z") in stage.look()


@pytest.mark.parametrize(
    ("body", "line"),
    [
        (b"", "no JSON"),
        (b"\xff\xfe", "no JSON"),
        (b"[" * 100_000, "no JSON"),
        (b"[]", "no version and no list"),
        (post(version="3"), "another version than 4"),
        (post(alerts={}), "no version and no list"),
        (post("x"), "alert 1 lacks"),
        (post(alert(status="odd")), "alert 1 lacks"),
        (post(alert(), alert(startsAt=5)), "alert 2 lacks"),
        (post(alert("c" * 256)), "is no name of 1 to 255 bytes"),
        (post(alert("\ud800")), "is no name of 1 to 255 bytes"),
        (post(alert(key="")), "is no name of 1 to 255 bytes"),
        (post(*[alert()] * (MOST_ALERTS + 1)), f"has {MOST_ALERTS + 1} alerts"),
    ],
)
def test_what_is_no_message_is_refused_with_a_reason(body: bytes, line: str) -> None:
    with pytest.raises(BadPost) as caught:
        read_post(body, "hostname")
    assert line in str(caught.value)


def test_an_alert_about_something_else_is_counted() -> None:
    found = read_post(post(alert(labels={"disk": "sda"}), alert(labels={"hostname": 5})), "hostname")
    assert (found.alerts, found.nameless) == ((), 2)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)


@given(JSON | st.fixed_dictionaries({"version": st.just("4"), "alerts": st.lists(JSON, max_size=3)}))
def test_any_json_is_a_message_or_a_reason(value: object) -> None:
    try:
        read_post(json.dumps(value).encode(), "hostname")
    except BadPost as error:
        assert str(error)
