"""The fence that closes a host's storage: when it is begun, what it proves and for whom, and what ends it."""

from dataclasses import replace
from typing import Any

import pytest

from kasugai.core.recovering.advance import advance
from kasugai.core.recovering.cutoff import disks_of
from kasugai.core.recovering.look import Look, PowerState
from kasugai.core.recovering.moves import Act, Finish, Next, Wait
from kasugai.core.recovering.nova_views import GuestView
from kasugai.core.recovering.situation import Memory, Situation
from kasugai.core.recovering.steps.fence import must_be_done_again
from kasugai.core.recovering.steps.kinds import kind_of
from kasugai.core.recovering.storage import Disk, DiskKind, StorageState, StorageView
from kasugai.core.words.facts import BY, CLOSED, StepRecord, StepState
from kasugai.core.words.frozen import FrozenMap
from kasugai.core.words.policy import Policy
from kasugai.core.words.timing import BrokerTime, MonoTime
from kasugai.core.words.verdicts import Reason
from tests.unit.core.makers import S, guest, order, record, service
from tests.unit.core.scene import DOWN, FENCE, MARK, NOW, downed, look, planned, scene

HERE, THERE = "192.0.2.11", "192.0.2.12"
SILENT = service(age=60.0)


def open_to(*addresses: str, **given: Any) -> StorageView:
    usual: dict[str, Any] = {"at": MonoTime(NOW), "open_to": addresses or (HERE,), "watchers": ()}
    return StorageView(state=StorageState.OPEN, **{**usual, **given})


def closed(**given: Any) -> StorageView:
    usual: dict[str, Any] = {"at": MonoTime(NOW), "closed_to": (HERE,)}
    return StorageView(state=StorageState.CLOSED, **{**usual, **given})


UNKNOWN = StorageView(state=StorageState.UNKNOWN, at=MonoTime(NOW), why="no answer")


def seen(view: StorageView | None, *guests: GuestView, **given: Any) -> Look:
    usual: dict[str, Any] = {
        "service": SILENT,
        "service_after": SILENT,
        "power": PowerState.UNKNOWN,
        "power_at": None,
        "storage": view,
    }
    return look(*(guests or (guest(),)), **{**usual, **given})


def at(view: StorageView | None, *records: StepRecord, **given: Any) -> Situation:
    usual: dict[str, Any] = {"has_device": False, "order": order(decided_at=NOW, opened_at=NOW)}
    return scene(seen(view), *records, **{**usual, **given})


def ask(view: StorageView | None, *records: StepRecord, **given: Any) -> Next:
    return advance(at(view, *records, **given))


def intent(state: StepState = StepState.STARTED, addresses: str = HERE, **given: Any) -> StepRecord:
    notes = FrozenMap({CLOSED: addresses, "with": "storage"})
    return record(FENCE, state, **{"tries": 1, "notes": notes, **given})


def done(addresses: str = HERE) -> StepRecord:
    return intent(StepState.DONE, addresses, reason=str(Reason.STORAGE_CLOSED))


def begun(answer: Next) -> list[tuple[str, str]]:
    assert isinstance(answer, Act), answer
    return [(begin.step.key, begin.record.notes.get(CLOSED, "")) for begin in answer.begins]


def noted(answer: Next) -> tuple[str, str, str]:
    assert isinstance(answer, Act), answer
    (note,) = answer.notes
    return str(note.kind), note.record.reason, note.record.notes.get(CLOSED, "")


def told(answer: Next) -> tuple[str, str, str]:
    assert isinstance(answer, Finish), answer
    return str(answer.kind), str(answer.reason), answer.detail


def waits(answer: Next) -> bool:
    return isinstance(answer, Wait)


def test_what_is_open_is_closed_and_remembered() -> None:
    answer = ask(open_to(HERE, THERE))
    assert begun(answer) == [(FENCE, f"{HERE} {THERE}")]
    assert isinstance(answer, Act)
    (begin,) = answer.begins
    call = kind_of(begin.step.action).effect(order(), begin, seen(None))
    assert type(call).__name__ == "CloseStorage"


def test_what_was_closed_before_is_not_ours() -> None:
    assert begun(ask(open_to(THERE, closed_to=(HERE,)))) == [(FENCE, THERE)]
    assert noted(ask(closed())) == ("done", "storage-closed", "")


def test_what_an_earlier_try_may_have_closed_is_ours_still() -> None:
    failed = intent(StepState.ABSOLVED)
    assert begun(ask(open_to(THERE, closed_to=(HERE,)), failed)) == [(FENCE, f"{HERE} {THERE}")]


def test_an_open_call_is_done_by_what_is_seen_after_it() -> None:
    before = Memory(owner_since=MonoTime(0), epoch=1, begun={FENCE: MonoTime(NOW + 1)})
    assert waits(ask(closed(), intent(), memory=before)), "it was asked before the call had ended"
    between = Memory(owner_since=MonoTime(0), epoch=1, begun={FENCE: MonoTime(NOW)})
    assert waits(ask(closed(at=MonoTime(NOW - 1)), intent(), memory=between))
    assert noted(ask(closed(), intent())) == ("done", "storage-closed", HERE)


def test_an_open_call_without_a_trace_is_absolved_and_its_addresses_are_kept() -> None:
    just = Memory(owner_since=MonoTime(NOW - 10 * S), epoch=1)
    assert waits(ask(open_to(), intent(), memory=just))
    assert noted(ask(open_to(), intent())) == ("absolved", "no trace", HERE)


def test_two_tries_and_then_a_person() -> None:
    memory = Memory(owner_since=MonoTime(0), epoch=1, refusal="ceph: access denied")
    tried = intent(StepState.ABSOLVED, tries=2)
    assert told(ask(open_to(), tried, memory=memory)) == ("held", "fence-refused", "ceph: access denied")


@pytest.mark.parametrize(
    ("view", "detail"),
    [
        (UNKNOWN, "cannot be asked: no answer"),
        (open_to(strangers=("192.0.2.99:0/1",)), "held open by 192.0.2.99:0/1"),
    ],
)
def test_what_keeps_it_from_being_begun(view: StorageView, detail: str) -> None:
    kind, reason, said = told(ask(view))
    assert (kind, reason) == ("held", "fence-refused")
    assert detail in said


def test_a_stranger_is_none_once_guests_may_have_moved() -> None:
    before = record(DOWN, StepState.DONE, tries=1, mark=MARK)
    answer = ask(open_to(strangers=("192.0.2.99:0/1",)), before)
    assert begun(answer) == [(FENCE, HERE)]


def test_closed_long_ago_is_asked_again() -> None:
    assert waits(ask(closed(at=MonoTime(NOW - 60 * S))))


@pytest.mark.parametrize(
    ("opened", "answer"),
    [(NOW - 34 * S, "waits"), (NOW - 35 * S, "storage-alive")],
)
def test_a_hold_that_outlives_its_watch_is_a_sign_of_life(opened: int, answer: str) -> None:
    given = {"order": order(decided_at=NOW, opened_at=BrokerTime(opened))}
    found = ask(open_to(watchers=(f"{HERE}:0/1",)), **given)
    assert answer == ("waits" if waits(found) else told(found)[1])


def test_who_was_not_asked_has_not_been_silent() -> None:
    assert waits(ask(open_to(watchers=None)))


def test_a_fence_that_others_contradict_is_not_begun() -> None:
    young = service(age=1.0)
    assert (
        told(advance(scene(seen(open_to(), service=young, service_after=young), has_device=False)))[1]
        == "nova-fresh"
    )


def test_to_wait_for_watches_does_not_make_a_decision_old() -> None:
    old = order(decided_at=BrokerTime(NOW - 60 * S), opened_at=BrokerTime(NOW - 60 * S))
    looked_on = Memory(owner_since=MonoTime(NOW - 59 * S), epoch=1)
    assert begun(ask(open_to(), order=old, memory=looked_on)) == [(FENCE, HERE)]
    came_late = Memory(owner_since=MonoTime(NOW - 1 * S), epoch=1)
    assert told(ask(open_to(), order=old, memory=came_late))[1] == "decision-stale"


def test_a_word_that_is_trusted_needs_no_storage() -> None:
    asserted = order(decided_at=NOW, asserted_at=BrokerTime(NOW - 60 * S))
    assert noted(ask(open_to(), order=asserted)) == ("done", "asserted", "")
    vouched = replace(asserted, vouched_by="ann")
    assert noted(ask(open_to(), intent(StepState.ABSOLVED), order=vouched)) == ("done", "vouched", HERE)


class TestBehindADevice:
    """Power devices are tried first."""

    @staticmethod
    def ask(
        view: StorageView | None,
        *records: StepRecord,
        power: PowerState = PowerState.UNKNOWN,
        condemned: str = "",
    ) -> Next:
        shown = replace(seen(view), power=power, power_at=MonoTime(NOW))
        memory = Memory(owner_since=MonoTime(0), epoch=1, refusal="no answer")
        given = order(decided_at=NOW, opened_at=NOW, condemned=condemned)
        return advance(scene(shown, *records, memory=memory, order=given))

    def test_they_are_tried_first(self) -> None:
        assert begun(self.ask(open_to())) == [(FENCE, "")]
        assert begun(self.ask(open_to(), record(FENCE, StepState.ABSOLVED, tries=1))) == [(FENCE, "")]

    def test_then_it_is_the_storages_turn(self) -> None:
        assert begun(self.ask(open_to(), record(FENCE, StepState.ABSOLVED, tries=2))) == [(FENCE, HERE)]
        assert begun(self.ask(open_to(), intent(StepState.ABSOLVED, tries=3))) == [(FENCE, HERE)]
        assert told(self.ask(open_to(), intent(StepState.ABSOLVED, tries=4)))[1] == "fence-refused"

    def test_what_was_begun_with_it_ends_with_it(self) -> None:
        assert noted(self.ask(closed(), intent(tries=3))) == ("done", "storage-closed", HERE)
        assert noted(self.ask(open_to(), record(FENCE, StepState.STARTED, tries=2)))[:2] == (
            "absolved",
            "no trace",
        )

    def test_not_where_the_power_reads_on(self) -> None:
        tried = record(FENCE, StepState.ABSOLVED, tries=2)
        assert told(self.ask(open_to(), tried, power=PowerState.ON))[1] == "fence-refused"

    def test_not_where_the_host_lives_and_is_useless(self) -> None:
        tried = record(FENCE, StepState.ABSOLVED, tries=2)
        assert told(self.ask(open_to(), tried, condemned="ovs"))[1] == "fence-refused"

    def test_power_that_reads_off_is_more(self) -> None:
        assert noted(self.ask(closed(), intent(), power=PowerState.OFF)) == ("done", "power-off", HERE)

    def test_power_that_comes_back_ends_it(self) -> None:
        down = record(DOWN, StepState.DONE, tries=1, mark=MARK)
        shown = replace(seen(closed(), **downed()), power=PowerState.ON, power_at=MonoTime(NOW))
        assert told(advance(scene(shown, done(), down)))[1:] == ("source-returned", "the power came back")


def moving(view: StorageView | None, *guests: GuestView, **given: Any) -> Next:
    chosen = guests or (guest(),)
    records = (done(), record(DOWN, StepState.DONE, tries=1, mark=MARK), *given.pop("more", ()))
    shown = replace(seen(view, *chosen), **downed())
    usual: dict[str, Any] = {
        "has_device": False,
        "order": order(decided_at=NOW),
        "plan": planned(*chosen),
    }
    return advance(scene(shown, *records, **{**usual, **given}))


def test_a_guest_whose_disks_lie_there_is_called_for_with_them() -> None:
    boots = guest(volumes=("v1", "v2"))
    answer = moving(closed(), boots)
    assert isinstance(answer, Act)
    (begin,) = answer.begins
    effect = kind_of("evacuate").effect
    shown = seen(closed(), boots)
    call: Any = effect(order(decided_at=NOW), begin, shown)
    assert (call.closed, call.disks) == ("cmp1", (Disk(DiskKind.VOLUME, "v1"), Disk(DiskKind.VOLUME, "v2")))
    vouched: Any = effect(order(decided_at=NOW, asserted_at=NOW), begin, shown)
    assert (vouched.closed, vouched.disks) == ("", ())


def test_which_disks_keep_data() -> None:
    both = guest(image="cirros", has_ephemeral=True, has_swap=True, has_config_drive=True, volumes=("v1",))
    kinds = [(disk.kind, disk.id) for disk in disks_of(both)]
    assert kinds == [(DiskKind.ROOT, "g1"), (DiskKind.EPHEMERAL, "g1"), (DiskKind.VOLUME, "v1")]


@pytest.mark.parametrize("given", [{"image": "cirros"}, {"has_ephemeral": True}])
def test_a_guest_of_whose_disks_nobody_knows_is_held(given: dict[str, Any]) -> None:
    kind, reason, detail = told(moving(closed(), guest(**given)))
    assert (kind, reason) == ("held", "storage-only")
    assert "nothing says where its disk is" in detail
    assert "approve cmp1 --limit fence" in detail


def test_a_guest_in_a_state_that_is_reset_first_is_held_as_well() -> None:
    assert told(moving(closed(), guest(vm_state="paused", image="cirros")))[1] == "storage-only"


def test_what_the_storage_does_not_know_is_held_until_another_owner_asks() -> None:
    asked = record("evacuate:g1", StepState.ABSOLVED, tries=1, reason=str(Reason.STORAGE_ONLY))
    memory = Memory(owner_since=MonoTime(0), epoch=1, said={"evacuate:g1": "its volume v1 is in none"})
    kind, reason, detail = told(moving(closed(), more=(asked,), memory=memory))
    assert (kind, reason) == ("held", "storage-only")
    assert detail.endswith("its volume v1 is in none")
    later = Memory(owner_since=MonoTime(0), epoch=2)
    assert [key for key, _ in begun(moving(closed(), more=(asked,), memory=later))] == ["evacuate:g1"]


def test_storage_that_was_opened_again_stops_it() -> None:
    opened = open_to(watchers=())
    assert told(moving(opened)) == ("held", "source-returned", "its storage is open to it again")
    later = Memory(owner_since=MonoTime(0), epoch=2, record_value=MARK)
    assert begun(moving(opened, memory=later)) == [(FENCE, HERE)], "a new decision says that the host is dead"
    assert not must_be_done_again(at(closed(), memory=later), done())
    assert not must_be_done_again(at(None, memory=later), done())


def test_storage_that_does_not_answer_is_waited_for_as_long_as_a_fence_takes() -> None:
    lately = Memory(owner_since=MonoTime(0), epoch=1, closed_at=MonoTime(NOW - 30 * S))
    assert waits(moving(UNKNOWN, memory=lately))
    long_ago = Memory(owner_since=MonoTime(0), epoch=1, closed_at=MonoTime(NOW - 61 * S))
    answer = moving(UNKNOWN, memory=long_ago)
    assert told(answer) == ("held", "fence-refused", "its storage cannot be asked any more")


def test_a_word_that_came_meanwhile_is_enough() -> None:
    word = order(decided_at=NOW, asserted_at=BrokerTime(NOW - 60 * S), policy=Policy())
    assert [key for key, _ in begun(moving(UNKNOWN, order=word))] == ["evacuate:g1"]


def test_what_an_owner_remembers_of_it() -> None:
    memory = Memory(owner_since=MonoTime(0), epoch=1)
    assert memory.observe(seen(open_to()), "").closed_at == 0
    remembered = memory.observe(seen(closed()), "")
    assert remembered.closed_at == NOW
    assert remembered.observe(seen(UNKNOWN), "").closed_at == NOW


def test_by_whom_is_a_persons_name_alone() -> None:
    assert BY not in intent().notes
