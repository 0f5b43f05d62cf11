"""An outbox on a real file system of a megabyte that fills up: nothing that was said is lost, doubled or half there."""

import subprocess
from pathlib import Path

from kasugai.adapters.outbox import Episode, Outbox, Waiting
from kasugai.agents.store import Store


def play(folder: Path) -> None:
    """Mount the file system (in a mount name space of one's own), fill it, make room, and look."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)], check=True)
    store = Store(lambda: Outbox(folder / "outbox.sqlite", 10_000))
    assert store.trouble == ""
    filler = folder / "filler"
    _fill(filler)
    said = []
    for n in range(200):
        said.append(f"w{n}")
        store.put(_word(said[-1]), f"s{n}", Episode(boot_id="b", episode=str(n)))
    assert "full" in store.trouble, "nothing fits beside a file that fills the disk"
    on_disk = len(Outbox(folder / "outbox.sqlite", 10_000))
    assert on_disk < len(said) and len(store) == len(said)
    _handed(store, said[:50])
    filler.unlink()
    store.mend()
    assert store.trouble == "", store.trouble
    assert store.lost == 0
    _handed(store, said[50:])
    assert len(store) == 0 and len(Outbox(folder / "outbox.sqlite", 10_000)) == 0
    assert store.episode_of("s199") == Episode(boot_id="b", episode="199")


def _word(id_: str) -> Waiting:
    return Waiting(id=id_, topic="t", key="cmp1", value=id_.encode().ljust(500, b"."))


def _handed(store: Store, expected: list[str]) -> None:
    """Kafka takes as many words, in their order."""
    found = store.next(len(expected))
    assert [record.id for _, record in found] == expected, [record.id for _, record in found]
    store.confirm(number for number, _ in found)


def _fill(file: Path) -> None:
    with file.open("wb", buffering=0) as out:
        try:
            while True:
                out.write(b"\0" * 4096)
        except OSError:
            return
