"""A forecast deals guests to the very hosts that a recovery names for them, as long as nothing happens meanwhile."""

from hypothesis import given
from hypothesis import strategies as st

from kasugai.core.recovering.nova_views import AggregateView
from kasugai.core.recovering.situation import Memory, Situation
from kasugai.core.recovering.spread import Load, choose
from kasugai.core.telling.whatif import lose
from kasugai.core.words.timing import MonoTime
from tests.support.estates import estate
from tests.support.estates import guest as seen
from tests.unit.core.makers import guest, order
from tests.unit.core.scene import NOW, entry, moving, planned, scene
from tests.unit.core.test_spread import SMALL, town

ROOMS = st.dictionaries(st.sampled_from([f"cmp{n}" for n in range(2, 9)]), st.integers(0, 4), min_size=1)


def at_work(room: dict[str, int], avoid: tuple[str, ...], count: int) -> Situation:
    """The worker's situation: cmp1 is lost, Placement has told who has room."""
    guests = [guest(f"g{n}", needs=SMALL) for n in range(count)]
    everywhere = AggregateView(aggregate_id=1, name="all", hosts=frozenset({"cmp1", *room}))
    look = moving(
        *guests, computes=town(*room), room={SMALL: room}, room_at=MonoTime(0), aggregates=(everywhere,)
    )
    return scene(
        look,
        order=order(decided_at=NOW, avoid=avoid),
        entry=entry(epoch=1),
        memory=Memory(owner_since=MonoTime(0), epoch=1),
        plan=planned(*guests),
    )


@given(ROOMS, st.integers(1, 8), st.sets(st.sampled_from([f"cmp{n}" for n in range(2, 9)]), max_size=3))
def test_each_guest_is_dealt_to_the_host_that_a_recovery_names(
    room: dict[str, int], count: int, avoid: set[str]
) -> None:
    s, load = at_work(room, tuple(sorted(avoid)), count), Load()
    named = []
    for n in range(count):
        host = choose(s, guest(f"g{n}", needs=SMALL), (), (), load) or ""
        named.append(host)
        if host:
            load.add(host)
    free = {"cmp1": (0, 0)} | {host: (left, left) for host, left in room.items()}
    bars = {host: {"bars": "suspected"} for host in avoid & room.keys()}
    cloud = estate(free, {"cmp1": [seen(f"g{n}") for n in range(count)]}, hosts=bars)
    assert [each.to for each in lose(cloud, ["cmp1"]).guests] == named
