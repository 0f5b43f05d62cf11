"""The step goes through the crash sweep, on a Nova that refuses one server and has lost another."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from kasugai_step_mark_servers import MarkServers, is_older

from kasugai.testing import sweep

OLD = "2000-01-01T00:00:00Z evacuated"


class World:
    """A Nova that outlives every worker."""

    def __init__(self, servers: tuple[str, ...], fails: str = "") -> None:
        self.marks = dict.fromkeys(servers, "")
        self.refuses: tuple[str, ...] = ()
        self.lacks: tuple[str, ...] = ()
        self.fails = fails
        self.asked: list[str] = []

    async def evacuated(self, host: str, since: datetime) -> list[str]:
        await asyncio.sleep(0.01)
        self.asked.append(host)
        if self.fails:
            raise RuntimeError(self.fails)
        return [*self.marks, *self.lacks]

    async def restarted(self, server: str, since: datetime) -> bool:
        self.marks.setdefault(server, "")
        return True

    async def mark(self, server: str) -> str:
        await asyncio.sleep(0.01)
        return self.marks[server]

    async def write(self, server: str, mark: str) -> None:
        await asyncio.sleep(0.01)
        if server in self.refuses:
            raise RuntimeError("403 Quota exceeded")
        self.marks[server] = mark


class Trial:
    """One play."""

    servers = ("web1", "web2", "db1")

    def __init__(self) -> None:
        self.world = World(self.servers)
        self.world.marks |= dict.fromkeys(self.servers[1:2], OLD)
        self.world.refuses, self.world.lacks = ("db1",), ("deleted",)
        self.step = MarkServers(self.world, lambda: datetime(2999, 1, 1, tzinfo=UTC))

    def wrong(self) -> str:
        marked = {name for name, mark in self.world.marks.items() if mark.startswith("2999-01-01T00:00:00Z ")}
        wanted = set(self.world.marks) - {"db1"}
        return "" if marked == wanted else f"marked are {sorted(marked)}"


class OneServer(Trial):
    """A server that was restarted."""

    servers = ()

    def wrong(self) -> str:
        ends = [mark.partition(" ")[2] for mark in self.world.marks.values()]
        return "" if ends == ["restarted"] else f"marks end in {ends}"


class Away(Trial):
    """Nova answers nothing: nobody is marked, and the recovery goes on."""

    def __init__(self) -> None:
        super().__init__()
        self.world.fails = "503 Service Unavailable"

    def wrong(self) -> str:
        marked = [mark for mark in self.world.marks.values() if mark.startswith("2999")]
        return "" if not marked and self.world.asked else f"{marked}, asked {self.world.asked}"


def test_they_are_marked_wherever_a_worker_dies() -> None:
    assert sweep(Trial) == ()


def test_a_restarted_server_is_marked() -> None:
    assert sweep(OneServer, kind="instance") == ()


def test_a_nova_that_is_away_holds_nothing() -> None:
    assert sweep(Away) == ()


def about(opened: datetime) -> dict[str, str]:
    told = {"incident": "i", "attempt": "1", "segment": "rack1", "kind": "host", "host": "cmp1", "detail": ""}
    return {**told, "opened_at": opened.isoformat()}


def test_a_worker_whose_clock_is_slow_writes_no_mark_that_counts_as_an_older_incidents() -> None:
    opened = datetime(2026, 12, 1, 3, 12, 44, 500_000, tzinfo=UTC)
    world = World(("web1",))
    asyncio.run(MarkServers(world, lambda: opened - timedelta(hours=1)).act(about(opened)))
    assert world.marks == {"web1": "2026-12-01T03:12:44Z evacuated"}
    assert asyncio.run(MarkServers(world).look(about(opened))) == ("holds", "")


@pytest.mark.parametrize("mark", ["", "yes", "2026-12-01T03:12:43Z evacuated", "2026-12-01 evacuated"])
def test_what_somebody_else_wrote_there_is_written_over(mark: str) -> None:
    assert is_older(mark, datetime(2026, 12, 1, 3, 12, 44, tzinfo=UTC))
