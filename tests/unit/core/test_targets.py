"""Where guests may go, by method, and whether anywhere can take them."""

from dataclasses import replace

import pytest

from kasugai.core.recovering.look import ServiceView
from kasugai.core.recovering.targets import has_capacity, is_living, targets
from kasugai.core.words.incident import Open
from kasugai.core.words.policy import Method, Policy
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


def listed(**views: ServiceView) -> dict[str, ServiceView]:
    return {"cmp1": service(), **views}


def test_the_scheduler_needs_another_host_that_is_up_and_enabled() -> None:
    auto = of(Method.AUTO)
    assert has_capacity(auto, listed(x=UP))
    for useless in (replace(UP, is_enabled=False), replace(UP, is_up=False), replace(UP, forced_down=True)):
        assert not has_capacity(auto, listed(x=useless))
    assert not has_capacity(auto, {"cmp1": replace(UP, host="cmp1")}), "the source is no place to go"


def test_a_reserve_need_only_be_up() -> None:
    spare = replace(UP, is_enabled=False)
    assert has_capacity(of(Method.RESERVED_HOST, "r1"), listed(r1=spare))
    assert not has_capacity(of(Method.RESERVED_HOST, "r1"), listed(x=UP))
    assert has_capacity(of(Method.RH_PRIORITY, "r1"), listed(x=UP))
    assert not has_capacity(of(Method.RESERVED_HOST), listed(x=UP))


def test_a_list_without_the_source_says_nothing() -> None:
    assert has_capacity(of(Method.AUTO), {})


def test_a_host_that_nova_does_not_show_is_not_living() -> None:
    assert is_living(UP) and not is_living(None)
