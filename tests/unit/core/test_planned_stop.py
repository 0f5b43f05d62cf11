"""A segment that is switched off on purpose: what is held, what ends it, and what is over with it."""

import pytest

from kasugai.core.words.signals import Instruction, Source
from kasugai.core.words.subject import Kind
from tests.unit.core.makers import HOST, alive, down
from tests.unit.core.makers import host as described
from tests.unit.core.story import Story, bid

BEGIN, END = Instruction.BEGIN_STOP, Instruction.END_STOP
HOSTS = ("cmp1", "cmp2")


def stopped() -> Story:
    story = Story(hosts=HOSTS)
    assert story.write(bid(BEGIN)) == ["begin-stop segment/rack1 (command): ann: why not"]
    return story


def gone(story: Story, host: str, at: float) -> None:
    story.write(down(Source.HEARTBEAT, f"{host}-gone", host=host, observer="liveness"), at=at)
    story.write(down(Source.PEER, f"{host}-gone", host=host, observer="host/x"))


def back(story: Story, host: str, at: float) -> None:
    story.write(alive(Source.HEARTBEAT, f"{host}-back", host=host, observer="liveness"), at=at)


def test_nothing_is_opened_while_it_lasts() -> None:
    story = stopped()
    gone(story, "cmp1", 10)
    gone(story, "cmp2", 11)
    story.wait(80)
    assert story.opens == []


def test_it_ends_by_itself_once_every_host_has_gone_and_is_back() -> None:
    story = stopped()
    gone(story, "cmp1", 10)
    back(story, "cmp1", 20)
    assert "end-stop segment/rack1 (stop-over)" not in story.wait(40), "cmp2 has not gone yet"
    gone(story, "cmp2", 41)
    back(story, "cmp2", 60)
    assert story.wait(61) == ["end-stop segment/rack1 (stop-over)"]


def test_silence_of_those_who_watch_is_no_readiness() -> None:
    story = stopped()
    gone(story, "cmp1", 10)
    gone(story, "cmp2", 10)
    assert "end-stop segment/rack1 (stop-over)" not in story.wait(600), "nobody has seen them alive"


def test_after_a_person_has_said_so_it_ends_as_soon_as_nothing_stands_against_any_host() -> None:
    story = stopped()
    gone(story, "cmp1", 10)
    story.write(bid(END, 2), at=20)
    assert "end-stop segment/rack1 (stop-over)" not in story.wait(40)
    back(story, "cmp1", 41)
    assert story.wait(42) == ["end-stop segment/rack1 (stop-over)"]


def test_at_once_what_still_stands_counts_again() -> None:
    story = stopped()
    gone(story, "cmp1", 10)
    story.wait(20)
    assert story.write(bid(END, 2, at_once=True))[-1] == "open cmp1 (confirmed)"


def test_a_host_in_maintenance_or_out_of_service_is_not_waited_for() -> None:
    story = stopped()
    gone(story, "cmp1", 10)
    back(story, "cmp1", 20)
    story.describe(described("cmp2", on_maintenance=True, version=2))
    assert story.wait(21) == ["end-stop segment/rack1 (stop-over)"]


@pytest.mark.parametrize(
    ("orders", "reason"),
    [((BEGIN, BEGIN), "already-so"), ((END,), "already-so"), ((BEGIN, END, END), "already-so")],
)
def test_what_does_not_fit_is_refused(orders: tuple[Instruction, ...], reason: str) -> None:
    story = Story(hosts=HOSTS)
    said: list[str] = []
    for number, order in enumerate(orders, 1):
        said = story.write(bid(order, number))
    assert said == [f"refuse segment/rack1 ({reason}): {orders[-1]} by ann: why not"]


def test_an_end_that_is_waited_for_may_still_come_at_once() -> None:
    story = stopped()
    gone(story, "cmp1", 10)
    story.write(bid(END, 2), at=12)
    assert story.write(bid(END, 3, at_once=True), at=20)[-1] == "open cmp1 (confirmed)"


def test_what_was_said_of_guests_and_processes_is_over_with_it() -> None:
    story = stopped()
    guest = {"kind": Kind.INSTANCE, "detail": "00000000-0000-0000-0000-000000000001", "observer": "api"}
    process = {"kind": Kind.PROCESS, "detail": "nova-compute", "observer": "api"}
    story.write(down(Source.REPORTED, "g1", host=HOST, **guest), at=5)
    story.write(down(Source.REPORTED, "p1", host=HOST, **process), at=5)
    said = story.write(bid(END, 2, at_once=True), at=20)
    assert [line for line in said if "ignore" in line] == [
        f"ignore instance/{guest['detail']} (planned-stop)",
        "ignore process/cmp1/nova-compute (planned-stop)",
    ]
    assert story.opens == []
    story.write(down(Source.REPORTED, "g2", host=HOST, **guest), at=30)
    assert len(story.opens) == 1, "what is said afterwards counts"
