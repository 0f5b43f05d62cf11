"""What is asked of Consul's agents, and what is concluded when one does not answer. The agents are scripted servers
that answer `/v1/status/leader` and `/v1/agent/members` as Consul's documentation shows them."""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from kasugai.agents.cluster.looks.consul import ConsulLook
from kasugai.agents.cluster.looks.web import Web
from kasugai.agents.cluster.options import Agents, ConsulOptions
from kasugai.agents.cluster.picture import Picture, Standing
from tests.support.scripted_http import Says, ScriptedServer


def answers(leader: object = "192.0.2.1:8300", **failed: int) -> dict[str, Says]:
    """An agent that sees four hosts, alive unless said otherwise by Serf's number."""
    members = [
        {
            "Name": name,
            "Addr": "192.0.2.9",
            "Port": 8301,
            "Tags": {"role": "node"},
            "Status": failed.get(name, 1),
        }
        for name in ("cmp1", "cmp2", "cmp3", "cmp4")
    ]
    return {"/v1/status/leader": Says(leader), "/v1/agent/members": Says(members)}


class Pools:
    """Three agents."""

    def __init__(self, stack: ExitStack) -> None:
        self.manage, self.tenant, self.storage = (
            stack.enter_context(ScriptedServer(dict(answers()), host=host))
            for host in ("127.0.0.1", "::1", "127.0.0.1")
        )

    def look(self, storage: bool = True, token: str = "") -> Picture:
        agents = Agents(
            manage=self.manage.url,
            tenant=f"[::1]:{self.tenant.port}",
            storage=self.storage.url if storage else "",
        )
        options = ConsulOptions(agents=agents, token=token)
        return asyncio.run(ConsulLook(Web(patience=2), options, host="cmp1").look(False))


@pytest.fixture
def pools() -> Iterator[Pools]:
    with ExitStack() as stack:
        yield Pools(stack)


def standing(picture: Picture) -> Standing:
    assert picture.trouble == ""
    return next(member.standing for member in picture.members if member.name == "cmp2")


def test_three_pools_make_one_picture(pools: Pools) -> None:
    assert standing(pools.look(token="hunter2")) is Standing.UP
    assert pools.storage.asked[0].headers["X-Consul-Token"] == "hunter2"
    pools.storage.answers |= answers(cmp2=4)
    assert standing(pools.look()) is Standing.DOWN


def test_without_an_agent_for_storage_its_column_is_left_out(pools: Pools) -> None:
    picture = pools.look(storage=False)
    assert standing(picture) is Standing.UP
    assert picture.remarks == (
        "no Consul agent for storage is configured (agent_storage): its column is left open",
    )


def test_an_agent_without_a_leader_is_cut_off_and_says_nothing(pools: Pools) -> None:
    pools.storage.answers |= answers(leader="", cmp2=4)
    assert "storage knows no leader" in pools.look().trouble


@pytest.mark.parametrize("says", [Says("No cluster leader", status=500), Says({"not": "a list"})])
def test_an_agent_that_does_not_tell_blinds_the_look(pools: Pools, says: Says) -> None:
    pools.tenant.answers["/v1/agent/members"] = says
    pools.storage.answers |= answers(cmp2=4)
    assert "Consul does not tell" in pools.look().trouble


def test_an_address_that_is_none_is_refused_at_the_start() -> None:
    with pytest.raises(ValueError, match="no address"):
        ConsulLook(Web(), ConsulOptions(agents=Agents(manage="http://")), host="cmp1")
