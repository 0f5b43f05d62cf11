"""What Ceph's programs say, and what becomes of ones that fail, hang, or print what nobody understands."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from kasugai.adapters.ceph.cluster import CephAway, CephTrouble, Lock
from kasugai.adapters.ceph.programs import Programs

IMAGE = "volumes/volume-1"
LOCK = Lock("auto 1", "client.4", "198.51.100.11:0/5")
Ask = Callable[[Programs], Awaitable[Any]]


def run(folder: Path, script: str, ask: Ask, seconds: float = 5.0) -> Any:
    """Ask programs that are this script, and return the answer."""
    for name in ("ceph", "rbd"):
        path = folder / name
        path.write_text(f'#!/bin/sh\necho "$(basename $0) $*" >> {folder}/asked\n{script}\n')
        path.chmod(0o755)

    async def main() -> Any:
        limit = asyncio.Semaphore(2)
        return await ask(
            Programs(
                conf="/c", user="kasugai", keyring="/k", read_timeout=seconds, folder=folder, limit=limit
            )
        )

    return asyncio.run(main())


def asked(folder: Path) -> list[str]:
    return [line.partition(" -c /c")[0] for line in (folder / "asked").read_text().splitlines()]


def test_a_blocklist_is_the_first_thing_that_is_printed(tmp_path: Path) -> None:
    said = """echo; echo '[{"addr":"198.51.100.11:0/0","until":"2027-11-30T21:46:47.434307+0000"}][]'"""
    found = run(tmp_path, said, lambda p: p.blocked())
    assert found == {"198.51.100.11:0/0": pytest.approx(1827611207.434307)}
    assert (tmp_path / "asked").read_text().strip() == (
        "ceph osd blocklist ls --format json -c /c --id kasugai --keyring /k"
    )


def test_watchers_and_locks(tmp_path: Path) -> None:
    said = """echo '{"watchers":[{"address":"198.51.100.11:0/5","client":4,"cookie":1}]}'"""
    assert run(tmp_path, said, lambda p: p.watchers(IMAGE)) == ("198.51.100.11:0/5",)
    said = """echo '[{"id":"auto 1","locker":"client.4","address":"198.51.100.11:0/5"}]'"""
    assert run(tmp_path, said, lambda p: p.locks(IMAGE)) == (LOCK,)


def test_an_image_that_is_not_there(tmp_path: Path) -> None:
    said = "echo 'rbd: error opening image x: (2) No such file or directory' >&2; exit 2"
    assert run(tmp_path, said, lambda p: p.watchers(IMAGE)) is None
    assert run(tmp_path, said, lambda p: p.locks(IMAGE)) is None
    run(tmp_path, said, lambda p: p.unlock(IMAGE, LOCK))


def test_what_is_asked_for(tmp_path: Path) -> None:
    async def all_of_it(programs: Programs) -> None:
        await programs.block("198.51.100.11:0/0", 60)
        await programs.unblock("198.51.100.11:0/0")
        await programs.unlock(IMAGE, LOCK)

    run(tmp_path, "exit 0", all_of_it)
    assert asked(tmp_path) == [
        "ceph osd blocklist add 198.51.100.11:0/0 60",
        "ceph osd blocklist rm 198.51.100.11:0/0",
        "rbd lock rm volumes/volume-1 auto 1 client.4 --rbd_blocklist_on_break_lock=false",
    ]


def test_the_last_own_word_is_the_reason(tmp_path: Path) -> None:
    said = "echo '2026 librbd: noise' >&2; echo 'Error EACCES: access denied' >&2; echo noise >&2; exit 13"
    with pytest.raises(CephTrouble, match=r"^ceph osd blocklist add: Error EACCES: access denied$"):
        run(tmp_path, said, lambda p: p.block("x", 1))
    with pytest.raises(CephTrouble, match="exit code 3 without a word"):
        run(tmp_path, "exit 3", lambda p: p.unblock("x"))
    with pytest.raises(CephTrouble, match=r": …x+$"):
        run(tmp_path, "printf '%0400d' 0 | tr 0 x >&2; exit 3", lambda p: p.unblock("x"))


@pytest.mark.parametrize(
    ("said", "ask"),
    [
        ("nonsense", lambda p: p.blocked()),
        ("[1]", lambda p: p.blocked()),
        ('[{"addr": "a", "until": "soon"}]', lambda p: p.blocked()),
        ("[]", lambda p: p.watchers(IMAGE)),
        ("{}", lambda p: p.watchers(IMAGE)),
        ("[{}]", lambda p: p.locks(IMAGE)),
    ],
)
def test_what_nobody_understands_is_trouble(said: str, ask: Ask, tmp_path: Path) -> None:
    with pytest.raises(CephTrouble, match=r"not understood|no JSON"):
        run(tmp_path, f"echo '{said}'", ask)


def test_one_that_hangs_is_killed_with_all_that_it_has_started(tmp_path: Path) -> None:
    script = f"sleep 60 & echo $! > {tmp_path}/child; sleep 60"
    with pytest.raises(CephAway, match=r"no answer to ceph osd blocklist ls within 0.5 s"):
        run(tmp_path, script, lambda p: p.blocked(), seconds=0.5)
    child = Path(f"/proc/{(tmp_path / 'child').read_text().strip()}/stat")
    assert not child.exists() or ") Z " in child.read_text()


def test_a_program_that_is_not_there(tmp_path: Path) -> None:
    async def main() -> None:
        await Programs(
            conf="/c",
            user="u",
            keyring="/k",
            read_timeout=5.0,
            folder=tmp_path,
            limit=asyncio.Semaphore(1),
        ).blocked()

    with pytest.raises(CephTrouble, match="ceph osd blocklist ls: "):
        asyncio.run(main())
