"""fence_kdump's message, and what is said of who sends it."""

import asyncio
import socket
import struct
from collections.abc import Callable

import pytest

from kasugai.agents.joining import Joint
from kasugai.agents.kdump import ENDED, OVER, Dumps, KdumpOptions, KdumpWatch, is_message
from kasugai.core.words.signals import Symptom
from kasugai.core.words.subject import host_subject
from tests.support.voices import Heard, Seconds

MESSAGE = struct.pack("=II", 0x1B302A40, 1)
HOSTS = {"cmp2": ("192.0.2.2", "2001:db8::2"), "cmp3": ("192.0.2.3",)}


def test_a_message_is_eight_bytes_in_either_byte_order() -> None:
    assert is_message(struct.pack("<II", 0x1B302A40, 1))
    assert is_message(struct.pack(">II", 0x1B302A40, 1))


@pytest.mark.parametrize(
    "data",
    [b"", MESSAGE[:7], MESSAGE + b"\0", struct.pack("=II", 0x1B302A41, 1), struct.pack("=II", 0x1B302A40, 2)],
)
def test_anything_else_is_none(data: bytes) -> None:
    assert not is_message(data)


@pytest.mark.parametrize("sender", ["192.0.2.2", "2001:db8::2", "2001:DB8:0::2", "::ffff:192.0.2.2"])
def test_the_senders_address_says_who_it_is(sender: str) -> None:
    assert Dumps(HOSTS, own="cmp1").hear(MESSAGE, sender, 0) == ("cmp2", False)


@pytest.mark.parametrize("sender", ["192.0.2.9", "2001:db8::3", "cmp2", "", "192.0.2.2 "])
def test_a_stranger_says_nothing(sender: str) -> None:
    assert Dumps(HOSTS, own="cmp1").hear(MESSAGE, sender, 0) is None


def test_a_wrong_message_from_the_right_address_says_nothing_and_keeps_nothing() -> None:
    dumps = Dumps(HOSTS, own="cmp1")
    assert dumps.hear(b"hello, world", "192.0.2.2", 0) is None
    assert dumps.hear(MESSAGE, "192.0.2.2", 1) == ("cmp2", False)


def test_who_goes_on_dumping_is_said_again_every_thirty_seconds() -> None:
    dumps = Dumps(HOSTS, own="cmp1")
    said = [dumps.hear(MESSAGE, "192.0.2.2", at) for at in (0, 10, 20, 30, 40, 60)]
    assert said == [("cmp2", False), None, None, ("cmp2", True), None, ("cmp2", True)]


def test_after_a_long_silence_it_is_another_dump() -> None:
    dumps = Dumps(HOSTS, own="cmp1")
    dumps.hear(MESSAGE, "192.0.2.2", 0)
    assert dumps.hear(MESSAGE, "192.0.2.2", OVER) == ("cmp2", False)


def test_hosts_that_dump_at_once_are_told_apart() -> None:
    dumps = Dumps(HOSTS, own="cmp1")
    assert dumps.hear(MESSAGE, "192.0.2.2", 0) == ("cmp2", False)
    assert dumps.hear(MESSAGE, "192.0.2.3", 0) == ("cmp3", False)


def test_a_dump_has_ended_when_no_message_comes_any_more_and_may_begin_again() -> None:
    dumps = Dumps(HOSTS, own="cmp1")
    dumps.hear(MESSAGE, "192.0.2.2", 0)
    dumps.hear(MESSAGE, "192.0.2.2", 10)
    assert dumps.ended(10 + ENDED - 1) == []
    assert dumps.ended(10 + ENDED) == ["cmp2"] and dumps.ended(99) == []
    assert dumps.hear(MESSAGE, "192.0.2.2", 40) == ("cmp2", True)
    assert dumps.ended(40 + ENDED) == ["cmp2"]


def test_a_host_dumps_while_one_watch_says_so_and_is_down_when_the_dump_has_ended() -> None:
    heard = Heard()
    joint = Joint(heard)
    kdump, peers = joint.voice("kdump"), joint.voice("peers")
    subject = host_subject("cmp2")
    peers.say(subject, Symptom.DOWN)
    kdump.say(subject, Symptom.DUMPING)
    peers.say(subject, Symptom.DOWN, again=True)
    kdump.say(subject, Symptom.DOWN, again=True)
    peers.say(subject, Symptom.DOWN, again=True)
    said = [(word.symptom, word.again) for word in heard.words]
    assert said == [
        (Symptom.DOWN, False),
        (Symptom.DUMPING, True),
        (Symptom.DUMPING, True),
        (Symptom.DOWN, True),
        (Symptom.DOWN, True),
    ]


def test_the_end_of_a_dump_is_told() -> None:
    heard, clock = Heard(), Seconds()
    watch = KdumpWatch(KdumpOptions(hosts=HOSTS), heard, host="cmp1", clock=clock)
    watch._hear(MESSAGE, "192.0.2.2")
    watch._end()
    clock.now += ENDED
    watch._end()
    assert [(word.host, word.symptom, word.again) for word in heard.words] == [
        ("cmp2", Symptom.DUMPING, False),
        ("cmp2", Symptom.DOWN, True),
    ]


def test_nobody_speaks_of_itself() -> None:
    assert Dumps(HOSTS, own="cmp2").hear(MESSAGE, "192.0.2.2", 0) is None


@pytest.mark.parametrize(
    ("hosts", "why"),
    [
        ({"cmp2": ("cmp2.example.org",)}, "no IP address"),
        ({"cmp2": ("192.0.2.2",), "cmp3": ("::ffff:192.0.2.2",)}, "belongs to cmp2 and to cmp3"),
    ],
)
def test_addresses_that_cannot_be_used_are_refused_at_the_start(
    hosts: dict[str, tuple[str, ...]], why: str
) -> None:
    with pytest.raises(ValueError, match=why):
        Dumps(hosts, own="cmp1")


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not holds():  # noqa: ASYNC110 - a watch tells nobody
            await asyncio.sleep(0.01)


@pytest.mark.parametrize(("listen", "family"), [("127.0.0.1", socket.AF_INET), ("::1", socket.AF_INET6)])
def test_it_listens_and_goes_on_after_rubbish(listen: str, family: socket.AddressFamily) -> None:
    heard = Heard()
    watch = KdumpWatch(
        KdumpOptions(listen=listen, port=0, hosts={"cmp2": (listen,)}), heard, host="cmp1", clock=Seconds()
    )

    async def one_dump() -> None:
        assert watch.trouble
        running = asyncio.create_task(watch.run())
        await until(lambda: watch.port != 0)
        assert watch.trouble == ""
        with socket.socket(family, socket.SOCK_DGRAM) as sender:
            for data in (b"", b"x" * 60_000, MESSAGE, MESSAGE):
                sender.sendto(data, (listen, watch.port))
        await until(lambda: heard.words != [])
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    asyncio.run(one_dump())
    assert [(word.host, word.symptom, word.again) for word in heard.words] == [
        ("cmp2", Symptom.DUMPING, False)
    ]
    assert "keeps its power" in heard.words[0].seen


def test_a_port_that_is_taken_is_trouble() -> None:
    async def taken() -> str:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
            other.bind(("127.0.0.1", 0))
            options = KdumpOptions(listen="127.0.0.1", port=other.getsockname()[1])
            watch = KdumpWatch(options, Heard(), host="cmp1", clock=Seconds())
            running = asyncio.create_task(watch.run())
            await until(lambda: "cannot be bound" in watch.trouble)
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            return watch.trouble

    assert "is fence_kdump or another agent listening?" in asyncio.run(taken())
