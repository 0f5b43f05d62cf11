"""Where guests may go, by method, and whether anywhere can take them."""

from dataclasses import replace

import pytest

from kasugai.core.recovering.look import Look
from kasugai.core.recovering.nova_views import ServiceView
from kasugai.core.recovering.targets import doubtful, has_capacity, is_living, targets, usable
from kasugai.core.words.incident import Open
from kasugai.core.words.policy import Method, Policy
from kasugai.core.words.timing import PRODUCTION, MonoTime
from tests.unit.core.makers import order, service


def of(method: Method, *reserves: str) -> Open:
    return order(policy=Policy(method=method), reserves=reserves)


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        (Method.AUTO, ("",)),
        (Method.RESERVED_HOST, ("r1", "r2")),
        (Method.AUTO_PRIORITY, ("", "r1", "r2")),
        (Method.RH_PRIORITY, ("r1", "r2", "")),
    ],
)
def test_a_method_says_where_and_in_which_order(method: Method, expected: tuple[str, ...]) -> None:
    assert targets(of(method, "r1", "r2")) == expected


UP = service(host="x", is_up=True, is_enabled=True)


def listed(**views: ServiceView) -> Look:
    return Look(at=MonoTime(0), computes={"cmp1": service(), **views})


def can(chosen: Open, look: Look) -> bool:
    return has_capacity(chosen, look, PRODUCTION)


def test_the_scheduler_needs_another_host_that_is_up_and_enabled() -> None:
    auto = of(Method.AUTO)
    assert can(auto, listed(x=UP))
    for useless in (replace(UP, is_enabled=False), replace(UP, is_up=False), replace(UP, forced_down=True)):
        assert not can(auto, listed(x=useless))
    assert not can(auto, listed(cmp1=replace(UP, host="cmp1"))), "the source is no place to go"


def test_a_host_whose_name_differs_from_the_source_s_in_case_only_is_the_source_to_nova() -> None:
    assert usable(of(Method.AUTO), listed(CMP1=replace(UP, host="CMP1"), x=UP)) == {"x"}


def test_a_reserve_need_only_be_up() -> None:
    spare = replace(UP, is_enabled=False)
    assert can(of(Method.RESERVED_HOST, "r1"), listed(r1=spare))
    assert not can(of(Method.RESERVED_HOST, "r1"), listed(x=UP))
    assert can(of(Method.RH_PRIORITY, "r1"), listed(x=UP))
    assert not can(of(Method.RESERVED_HOST), listed(x=UP))


def test_a_list_without_the_source_says_nothing() -> None:
    assert can(of(Method.AUTO), Look(at=MonoTime(0), computes={}))
    assert can(of(Method.AUTO), Look(at=MonoTime(0)))


def aged(**seconds: float) -> Look:
    return listed(**{host: replace(UP, host=host, age=age) for host, age in seconds.items()})


@pytest.mark.parametrize(
    ("look", "hosts"),
    [
        pytest.param(aged(x=14.9, y=0.0), "", id="all have reported"),
        pytest.param(aged(x=15.0, y=0.0), "x", id="one has not for longer than a living host would"),
        pytest.param(aged(x=15.0, y=60.0), "", id="none has, which is Nova's own silence"),
        pytest.param(
            replace(aged(x=0.0, y=0.0), recovering=frozenset({"y", "cmp1"})), "y", id="one is being recovered"
        ),
        pytest.param(replace(aged(x=20.0, y=0.0), recovering=frozenset({"y"})), "xy", id="one each"),
        pytest.param(
            listed(x=replace(UP, host="x", age=20.0), y=replace(UP, host="y", age=0.0, is_enabled=False)),
            "",
            id="a disabled one is no other place",
        ),
        pytest.param(Look(at=MonoTime(0)), "", id="they were not read"),
    ],
)
def test_a_host_may_have_failed_though_nobody_has_said_so(look: Look, hosts: str) -> None:
    assert doubtful(usable(of(Method.AUTO), look), look, PRODUCTION) == set(hosts)


def test_hosts_that_may_have_failed_are_no_room() -> None:
    auto = of(Method.AUTO)
    assert can(auto, aged(x=20.0, y=0.0)) and not can(replace(auto, avoid=("y",)), aged(x=20.0, y=0.0))
    assert not can(auto, replace(aged(x=0.0), recovering=frozenset({"x"})))


def test_a_host_that_nova_does_not_show_is_not_living() -> None:
    assert is_living(UP) and not is_living(None)
