"""Whom a host draws, what silences amount to, and what is said of whom."""

import asyncio
import socket
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

import pytest

from kasugai.adapters.probing import answers
from kasugai.agents.peers.drawing import DRAWN, BadPeers, draw, parse
from kasugai.agents.peers.judging import MISSES, REPEAT, Judge
from kasugai.agents.peers.watch import PeersWatch
from kasugai.core.words.heartbeats import Link
from kasugai.core.words.signals import Symptom
from kasugai.sim.child import free_port
from kasugai.sim.loop import run
from tests.support.agent_voices import Heard

HOSTS = {f"cmp{n}": f"10.0.0.{n}" for n in range(40)}
DOWN, CLEAR = Symptom.DOWN, Symptom.CLEAR


def test_each_host_asks_four_others_and_is_asked_by_four() -> None:
    asked = Counter(peer for host in HOSTS for peer in draw(host, HOSTS))
    assert set(asked.values()) == {DRAWN} and set(asked) == set(HOSTS)
    assert all(host not in draw(host, HOSTS) for host in HOSTS)


def test_who_is_drawn_does_not_follow_names() -> None:
    neighbours = sum(f"cmp{(n + 1) % 40}" in draw(f"cmp{n}", HOSTS) for n in range(40))
    assert neighbours < 20


def test_a_host_that_is_not_listed_asks_all_the_same_and_few_are_asked_once() -> None:
    assert len(draw("new", HOSTS)) == DRAWN
    assert sorted(draw("a", {"a": "1", "b": "2", "c": "3"})) == ["b", "c"]
    assert draw("a", {"a": "1"}) == []


def test_a_list_is_read_line_by_line_and_what_is_no_line_is_said() -> None:
    peers = parse(
        "cmp1 management 10.0.0.1 # rack 1\n\n# all\ncmp1 storage fd00::1\nno\none two three four\n", "peers"
    )
    assert peers.by_network == {"management": {"cmp1": "10.0.0.1"}, "storage": {"cmp1": "fd00::1"}}
    assert peers.remarks == (
        "peers, line 5 (and 1 more lines): it is passed over: write HOST NETWORK ADDRESS",
    )


def test_more_networks_than_a_beat_takes_are_refused() -> None:
    with pytest.raises(BadPeers, match="9 networks"):
        parse("\n".join(f"cmp1 net{n} 10.0.0.1" for n in range(9)), "peers")


def judge_of(*pairs: tuple[str, str]) -> Judge:
    judge = Judge()
    judge.draw(set(pairs))
    return judge


def test_nothing_is_said_before_everybody_was_asked_and_one_lost_answer_is_nothing() -> None:
    judge = judge_of(("m", "a"), ("m", "b"))
    judge.note("m", "a", answered=True)
    assert list(judge.said(0)) == [("a", CLEAR)]
    judge.note("m", "b", answered=False)
    assert list(judge.said(1)) == [("b", CLEAR)]
    judge.note("m", "b", answered=True)
    judge.note("m", "b", answered=False)
    assert list(judge.said(2)) == []


def test_who_does_not_answer_twice_is_said_repeated_and_taken_back() -> None:
    judge = judge_of(("m", "a"), ("m", "b"))
    judge.note("m", "a", answered=True)
    for _ in range(MISSES):
        judge.note("m", "b", answered=False)
    assert ("b", DOWN) in list(judge.said(0))
    assert list(judge.said(REPEAT - 1)) == []
    assert list(judge.said(REPEAT)) == [("b", DOWN)]
    judge.note("m", "b", answered=True)
    assert list(judge.said(REPEAT + 1)) == [("b", CLEAR)]


def test_one_network_that_reaches_a_peer_is_enough() -> None:
    judge = judge_of(("m", "a"), ("s", "a"), ("m", "b"), ("s", "b"))
    for _ in range(MISSES):
        for network, host, answered in (
            ("m", "a", False),
            ("s", "a", True),
            ("m", "b", True),
            ("s", "b", True),
        ):
            judge.note(network, host, answered=answered)
    assert dict(judge.said(0)) == {"a": CLEAR, "b": CLEAR}
    assert judge.links() == (Link(network="m", asked=2, reached=1), Link(network="s", asked=2, reached=2))


def test_who_reaches_nobody_says_nothing_of_others_and_shows_it() -> None:
    judge = judge_of(("m", "a"), ("m", "b"))
    for _ in range(5):
        for host in ("a", "b"):
            judge.note("m", host, answered=False)
    assert judge.is_cut_off and list(judge.said(0)) == []
    assert judge.links() == (Link(network="m", asked=2, reached=0),)


def test_who_is_not_asked_any_more_is_taken_back() -> None:
    judge = judge_of(("m", "a"), ("m", "b"))
    judge.note("m", "a", answered=True)
    for _ in range(MISSES):
        judge.note("m", "b", answered=False)
    list(judge.said(0))
    judge.draw({("m", "a")})
    assert list(judge.said(1)) == [("b", CLEAR)]
    assert list(judge.said(2)) == [] and set(judge.told) == {"a"}


def test_the_watch_tells_of_a_peer_that_is_gone_within_a_few_seconds_and_follows_its_list(
    tmp_path: Path,
) -> None:
    gone: set[str] = set()
    asked: list[tuple[float, str]] = []

    async def ask(address: str, port: int, seconds: float) -> bool:
        asked.append((asyncio.get_running_loop().time(), address))
        await asyncio.sleep(0.001 if address not in gone else seconds)
        return address not in gone

    file = tmp_path / "peers"
    file.write_text("me m 1\na m 2\nb m 3\n")
    heard = Heard()
    watch = PeersWatch(file=file, own="me", port=1, every=3.0, voice=heard, ask=ask)

    async def story() -> None:
        task = asyncio.create_task(watch.run())
        await asyncio.sleep(20)
        assert sorted(heard.words) == [("host/a", "clear"), ("host/b", "clear")]
        assert len(asked) <= 2 * 8
        gone.add("2")
        await asyncio.sleep(7)
        assert heard.words[2:] == [("host/a", "down")] and watch.trouble == ""
        gone.add("3")
        await asyncio.sleep(10)
        assert "nobody is reached" in watch.trouble and heard.words[3:] == []
        file.write_text("me m 1\nc m 4\n")
        await asyncio.sleep(60)
        assert ("host/c", "clear") in heard.words
        file.unlink()
        await asyncio.sleep(20)
        assert "cannot be read" in watch.trouble and watch.links() == ()
        task.cancel()

    run(story())


def test_an_answer_is_a_connection_or_a_refusal_and_silence_is_none() -> None:
    async def story() -> None:
        server = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        assert await answers("127.0.0.1", port, 5)
        server.close()
        assert await answers("127.0.0.1", free_port(), 5), "the kernel refuses: it lives"
        assert await answers("localhost", free_port(), 5)
        with socket.socket() as full, ExitStack() as stack:
            full.bind(("127.0.0.1", 0))
            full.listen(0)
            for _ in range(4):  # what finds no room in the queue is dropped by the kernel, as by a firewall
                knocking = stack.enter_context(socket.socket())
                knocking.setblocking(False)
                knocking.connect_ex(full.getsockname())
            assert not await answers("127.0.0.1", full.getsockname()[1], 0.3)
        assert not await answers("no.such.host.invalid", 9, 5)

    asyncio.run(story())
