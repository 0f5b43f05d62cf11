"""A life of an outbox for whoever kills it somewhere: it says on stdout what has happened, line by line."""

from pathlib import Path

from kasugai.adapters.outbox import Episode, Outbox, Waiting
from tests.support.saying import say


def live(file: Path) -> None:
    """Store words, number some, and remove the first ones."""
    outbox = Outbox(file, 100)
    for n in range(4):
        id_ = f"w{n}"
        say(f"number {outbox.number(0)}")
        record = Waiting(id=id_, topic="t", key="cmp1", value=b"v" * 50, headers=(("h", b"1"),))
        outbox.put(record, f"subject-{id_}", Episode(boot_id="b", episode=str(n)))
        say(f"put {id_}")
    for number, record in list(outbox.after(0, 2)):
        outbox.remove([number])
        say(f"removed {record.id}")
