"""W3C trace context in records' headers: carried on in its form, dropped and counted in any other."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kasugai.adapters.kafka import trace
from kasugai.adapters.kafka.trace import trace_of
from kasugai.adapters.telemetry.catalogue import DROPPED_TRACES
from kasugai.adapters.telemetry.metric import Metric

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def carried(*headers: tuple[str, str]) -> dict[str, str]:
    return trace_of([(name, text.encode()) for name, text in headers])


@pytest.mark.parametrize(
    "state",
    [
        "rojo=00f067aa0ba902b7",
        "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE",
        "rojo=1 ,\tcongo=2,,",
        "1tenant@system=x",
        "a/b*c_d-e=!~;:",
        "k=" + "v" * 256,
        ",".join(f"k{n}={n}" for n in range(32)),
    ],
)
def test_what_has_the_form_is_carried(state: str) -> None:
    wanted = {"traceparent": PARENT, "tracestate": state}
    assert carried(("traceparent", PARENT), ("tracestate", state), ("other", "x")) == wanted


def test_a_parent_of_a_later_version_may_say_more() -> None:
    later = "cc" + PARENT[2:] + "-what-the-future-will-be-like"
    assert carried(("traceparent", later)) == {"traceparent": later}


@pytest.mark.parametrize(
    "parent",
    [
        "",
        "garbage",
        PARENT.upper(),
        PARENT[:-1],
        PARENT + "-more",
        PARENT + "\n",
        "ff" + PARENT[2:],
        PARENT.replace("0af7651916cd43dd8448eb211c80319c", "0" * 32),
        PARENT.replace("b7ad6b7169203331", "0" * 16),
        "cc" + PARENT[2:] + "-" + "x" * 300,
        "鎹",
    ],
)
def test_a_parent_that_has_not_is_dropped_with_its_state(
    parent: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted: list[Metric] = []
    monkeypatch.setattr(trace, "count", counted.append)
    assert carried(("traceparent", parent), ("tracestate", "a=1")) == {}
    assert counted == [DROPPED_TRACES]


@pytest.mark.parametrize(
    "state",
    [
        "",
        " , ",
        "noequals",
        "=x",
        "a=",
        "A=x",
        "a=\x07",
        "a=b=c",
        "a=1,a=2",
        "a=" + "v" * 257,
        "k" * 257 + "=v",
        ",".join(f"k{n}={n}" for n in range(33)),
        ",".join(f"k{n}=" + "v" * 200 for n in range(3)),
        "x" * 1_000_000,
    ],
)
def test_a_state_that_has_not_is_dropped_alone(state: str, monkeypatch: pytest.MonkeyPatch) -> None:
    counted: list[Metric] = []
    monkeypatch.setattr(trace, "count", counted.append)
    assert carried(("traceparent", PARENT), ("tracestate", state)) == {"traceparent": PARENT}
    assert counted == [DROPPED_TRACES]


def test_of_two_parents_nobody_knows_which_is_meant() -> None:
    assert carried(("traceparent", PARENT), ("traceparent", PARENT)) == {}


def test_a_record_without_a_trace_is_not_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trace, "count", lambda _: pytest.fail("nothing was dropped"))
    assert carried(("kasugai-schema", "Fault/1001")) == {}


@given(st.lists(st.tuples(st.sampled_from(["traceparent", "tracestate"]), st.binary(max_size=600))))
def test_whatever_comes_what_is_carried_is_short_and_plain(headers: list[tuple[str, bytes]]) -> None:
    for text in trace_of(headers).values():
        assert len(text) <= 512 and text.isascii() and text.isprintable()
