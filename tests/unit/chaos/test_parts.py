"""What may be done to guests that die and to hosts whose process fails, by the requests that Nova has accepted."""

from collections import Counter
from typing import Any, cast

import pytest

from tests.chaos.parts import THEIRS, Parts, left_disabled, wrongs
from tests.chaos.town import Town


class Hosts:
    """A town of which nothing but its hosts' names is asked."""

    uuids = {"cmp1": "u1", "cmp2": "u2"}  # noqa: RUF012 - a stub


def parts(**given: Any) -> Parts:
    return Parts(cast("Town", Hosts()), **given)


def service(
    *, enabled: bool = True, reason: str = "", power: str = "on", forced: bool = False
) -> dict[str, object]:
    return {"enabled": enabled, "disabled_reason": reason, "power": power, "forced_down": forced}


def request(action: str, subject: str, status: int | None = 202) -> dict[str, object]:
    return {"action": action, "subject": subject, "status": status}


WELL = {"cmp1": service(), "cmp2": service()}


def test_what_was_asked_once_for_each_failure_is_right() -> None:
    found = parts(deaths=Counter(g1=1, g2=2), failures=Counter(cmp1=1), disabled={"cmp2"})
    said = [request("start", "g1"), request("start", "g2"), request("start", "g2"), request("stop", "g1")]
    said += [request("disable", "cmp1", 200), request("enable", "cmp1", 200)]
    said += [request("start", "g1", status) for status in (409, 404, 503, None)]
    services = {"cmp1": service(), "cmp2": service(enabled=False, reason=THEIRS)}
    assert wrongs(found, said, services) == []


@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        ([request("start", "g1")] * 2, "guest g1 was started 2 times after 1 deaths"),
        ([request("start", "g9")], "guest g9 was started 1 times after 0 deaths"),
        (
            [request("disable", "cmp1", 200)] * 2,
            "host cmp1 was disabled 2 times after 1 failures of its process",
        ),
        ([request("enable", "cmp2", 200)], "host cmp2 was enabled 1 times after 0 failures of its process"),
    ],
)
def test_what_was_asked_too_often_is_wrong(said: list[dict[str, object]], wrong: str) -> None:
    found = parts(deaths=Counter(g1=1), failures=Counter(cmp1=1))
    assert wrongs(found, said, WELL) == [wrong]


def test_a_start_that_died_with_its_host_may_be_made_again_behind_the_evacuation() -> None:
    found = parts(deaths=Counter(g1=1))
    start, evacuate = request("start", "g1"), request("evacuate", "g1", 200)
    assert wrongs(found, [start, evacuate, start], WELL) == []
    for said in (
        [evacuate, start, start],
        [start, start, evacuate, start],
        [start, evacuate, evacuate] + [start] * 2,
    ):
        assert len(wrongs(found, said, WELL)) == 1, said


def test_a_lost_host_that_an_operator_had_disabled_is_disabled_by_its_recovery() -> None:
    found = parts(disabled={"cmp1"})
    services = {"cmp1": service(enabled=False, reason="Kasugai: host failed.", forced=True)}
    assert wrongs(found, [], services) == []
    services["cmp1"]["disabled_reason"] = "Kasugai: nova-compute failed"
    assert len(wrongs(found, [], services)) == 1


def test_what_an_operator_has_disabled_stays_so_with_his_reason() -> None:
    found = parts(disabled={"cmp1", "cmp2"})
    services = {"cmp1": service(), "cmp2": service(enabled=False, reason="Kasugai: nova-compute failed")}
    assert wrongs(found, [], services) == [
        "host cmp1, which an operator has disabled, is enabled",
        "host cmp2, which an operator has disabled, says 'Kasugai: nova-compute failed'",
    ]


def test_nothing_is_left_disabled_but_what_operators_or_a_lost_host_explain() -> None:
    found = parts(disabled={"cmp1"})
    services = {
        "cmp1": service(enabled=False, reason=THEIRS),
        "cmp2": service(enabled=False, reason="Kasugai: nova-compute failed"),
        "cmp3": service(enabled=False, power="off"),
        "cmp4": service(enabled=False, forced=True),
        "cmp5": service(),
    }
    assert left_disabled(found, services) == ["host cmp2 is still disabled: Kasugai: nova-compute failed"]
