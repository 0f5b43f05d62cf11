"""A small world for the recovery of one guest: a Nova that loses and delays calls and carries them out in its own time,
a user with wishes, owners that die. It holds what is true; an owner knows only what its looks and the ledger say.

What must never begin is asserted here against the truth.
"""

from dataclasses import dataclass, field, replace

from kasugai.core.recovering.look import Look
from kasugai.core.recovering.moves import Begin, Finish, Wait
from kasugai.core.recovering.nova_views import ActionView, By, GuestView
from kasugai.core.recovering.situation import Situation
from kasugai.core.recovering.wishes import Wish, last_word, wish
from kasugai.core.words.actions import Action
from kasugai.core.words.facts import FactKind, Result, StepState
from kasugai.core.words.timing import BrokerTime, MonoTime, NovaTime
from tests.unit.core.guest_scene import NOW, guest_order, web
from tests.unit.core.makers import S, service
from tests.unit.core.owners import Owners

HOST, OTHER = "cmp1", "cmp2"
CALLS = {
    Action.STOP: ("stop", "powering-off", ("active", "error")),
    Action.START: ("start", "powering-on", ("stopped",)),
    Action.MIGRATE: ("migrate", "resize_prep", ("active", "stopped")),
    Action.CONFIRM_MIGRATION: ("confirmResize", None, ("resized",)),
}
"""By kind of step: Nova's action, the task that it sets at once, and the vm_states that it takes."""
BECOMES = {
    "stop": "stopped",
    "start": "active",
    "reboot": "active",
    "pause": "paused",
    "unpause": "active",
    "confirmResize": "stopped",
}
USERS = {
    "stop": ("powering-off", ("active", "error")),
    "start": ("powering-on", ("stopped",)),
    "reboot": ("rebooting_hard", ("active", "stopped", "error")),
    "pause": ("pausing", ("active",)),
    "unpause": ("unpausing", ("paused",)),
    "shelve": ("shelving", ("active", "stopped")),
}


@dataclass
class Nova:
    """What is true."""

    view: GuestView | None
    now: int = NOW
    actions: list[ActionView] = field(default_factory=list)
    """Newest first."""
    wire: list[tuple[int, str]] = field(default_factory=list)
    """Our requests on their way: when they arrive, and the kind of the step."""
    under_way: str = ""
    """The action that Nova is carrying out."""
    by: By = By.OTHERS
    is_up: bool = True
    is_up_there: bool = True
    """Whether the other host is up."""
    recovers_there: bool = False
    """Whether the other host is being recovered."""
    numbers: int = 0

    def pass_time(self, millis: int) -> None:
        """Let requests arrive."""
        self.now += millis
        for request in sorted(r for r in self.wire if r[0] <= self.now):
            self.wire.remove(request)
            self.arrive(request[1])

    def arrive(self, kind: str) -> bool:
        """Take a call of ours; whether Nova does."""
        action, task, states = CALLS[Action(kind)]
        is_confirming = self.under_way == "confirmResize"
        if self.view is None or self.view.task_state or self.view.vm_state not in states or is_confirming:
            return False
        self._begin(action, task, By.US)
        return True

    def ask(self, action: str, by: By) -> bool:
        """A user asks for something, or Nova does by itself; whether Nova takes it."""
        task, states = USERS[action]
        if self.view is None or self.view.task_state or self.view.vm_state not in states or self.under_way:
            return False
        self._begin(action, task, by)
        return True

    def _begin(self, action: str, task: str | None, by: By) -> None:
        assert self.view is not None
        assert not self.under_way, f"{action} while {self.under_way} is under way"
        self.numbers += 1
        at = NovaTime(self.now // S * S)
        view = ActionView(action=action, by=by, request=f"r{self.numbers}", began_at=at)
        self.actions.insert(0, view)
        self.under_way, self.by = action, by
        self.view = replace(self.view, task_state=task)

    def progress(self, *, well: bool) -> None:
        """Bring what is under way to its end."""
        action, self.under_way = self.under_way, ""
        if not action:
            return
        end = NovaTime(self.now // S * S)
        index = next(
            i for i, each in enumerate(self.actions) if each.action == action and each.ended_at is None
        )
        self.actions[index] = replace(self.actions[index], ended_at=end, has_failed=not well)
        if self.view is None:
            return
        self.view = replace(self.view, task_state=None)
        if not well:
            return
        if action == "migrate":
            self.view = replace(self.view, host=OTHER, vm_state="resized")
        elif action == "shelve":
            self.view = replace(self.view, host="", vm_state="shelved_offloaded")
        else:
            self.view = replace(self.view, vm_state=BECOMES[action])

    @property
    def wish(self) -> Wish:
        """What the user wants it to be."""
        return wish(self.actions, web())


def is_begun_by_user(action: ActionView) -> bool:
    """Whether its user has started the guest by that; every script's user speaks after the guest was seen to fail."""
    is_start = action.action in ("start", "reboot", "unpause") and not action.has_failed
    return is_start and action.by is By.OTHERS


@dataclass(kw_only=True)
class Worker(Owners):
    """Owners of the guest's incident."""

    nova: Nova
    wants_actions: bool = True
    moves: int = 0
    """How often a migration was begun in the attempt."""
    hosts: frozenset[str] = frozenset()
    """Which other hosts the next look has to show."""

    @property
    def now(self) -> int:
        """Nova's time."""
        return self.nova.now

    def own(self) -> None:
        """Get the next epoch, and ask for the guest's account."""
        self.wants_actions, self.hosts = True, frozenset()
        super().own()

    def wait(self, wait: Wait) -> None:
        """Keep whether the next look has to show what was asked of the guest, and the host that it was moved to."""
        assert wait.reads == {"g1"}
        assert wait.hosts <= {OTHER}, wait.hosts
        self.wants_actions, self.hosts = wait.actions, wait.hosts

    def check(self, s: Situation, begins: tuple[Begin, ...]) -> None:
        """One thing at a time, and none that the guest's user would not wish."""
        assert len(begins) <= 1
        for begin in begins:
            self._check(s, begin)

    def check_end(self, s: Situation, answer: Finish) -> None:
        """A recovered guest runs, and what says that nothing was done has done nothing."""
        view = s.look.read["g1"]
        if answer.result is Result.RECOVERED:
            assert view is not None and view.vm_state == "active", "recovered, and it does not run"
        if answer.kind is FactKind.VETOED:
            assert not any(r.state is StepState.DONE and r.tries for r in self.entry.steps.values())

    def order_again(self) -> None:
        """Correlate publishes the incident again; a failed attempt's migrations are not the next one's."""
        if self.answer is not None and self.answer.result is Result.FAILED:
            self.moves = 0
        super().order_again()

    def see(self, *, torn: str = "") -> None:
        """Look. With `torn` a call of that kind arrives between the reading of the guest and of its account."""
        nova = self.nova
        at, view = nova.now, nova.view
        if torn and nova.wire:
            nova.pass_time(max(0, nova.wire[0][0] - nova.now))
        is_known = nova.view is not None
        look = Look(
            at=MonoTime(at),
            nova_at=MonoTime(at),
            service=service(is_up=nova.is_up, age=1.0),
            read={"g1": view},
            actions=(tuple(nova.actions) if is_known else ()) if self.wants_actions else None,
            others={host: service(host=host, is_up=nova.is_up_there, age=1.0) for host in self.hosts},
            recovering=self.hosts if nova.recovers_there else frozenset(),
        )
        self.take(look)

    def _check(self, s: Situation, begin: Begin) -> None:
        kind, nova, shown = begin.step.action, self.nova, s.look.read["g1"]
        assert not s.stopped, "it begins under a stop"
        assert not any(record.state.is_open for record in s.entry.steps.values()), "a call may be under way"
        assert not self.calls and not nova.wire, "a call of ours may still arrive"
        assert not (nova.under_way and nova.by is By.US), "Nova is at a call of ours"
        assert s.look.actions is not None and shown is not None
        assert wish(s.look.actions, web()) is Wish.RUNS, "its user wants it off"
        assert not (last_word(s.look.actions) is None and nova.wish is Wish.OFF)
        lives = nova.is_up if shown.host == HOST else nova.is_up_there and not nova.recovers_there
        assert lives, "it goes on where the guest cannot be started"
        if kind == Action.START:
            assert shown.vm_state == "stopped", "it starts what it has not seen stopped"
        if kind == Action.STOP:
            assert shown.vm_state in ("active", "error")
            newest = s.look.actions[0] if s.look.actions else None
            assert newest is None or not is_begun_by_user(newest), "it stops what its user has just started"
        if kind == Action.MIGRATE:
            assert shown.host == HOST and shown.vm_state == "stopped"
            self.moves += 1
            assert self.moves <= 3, "it moves a guest again and again"

    def reply(self, fate: str, late: int) -> None:
        """End the call: `answered` by Nova, `away`, `unheard` (it arrives, its answer does not), `lost` (it never
        arrives), `late` (it arrives so much later)."""
        self.nova.pass_time(1)
        for key, begin in list(self.calls.items()):
            del self.calls[key]
            is_taken = self.nova.arrive(begin.step.action) if fate in ("answered", "unheard") else False
            if fate == "late":
                self.nova.wire.append((self.nova.now + late, begin.step.action))
            match fate:
                case "answered":
                    self.end(key, *((None,) if is_taken else (FactKind.ABSOLVED, "refused")))
                case "away":
                    self.end(key, FactKind.ABSOLVED, "away")
                case _:
                    self.end(key, FactKind.UNSURE)
        self.go_on()

    def die(self, late: int) -> None:
        """The owner is gone; its call may still arrive."""
        for begin in self.calls.values():
            if late % 2:
                self.nova.wire.append((self.nova.now + late, begin.step.action))
        self.own()


def failed_guest(state: str, *, relocates: bool, known: bool) -> Worker:
    """Return an owner of the incident of a guest in this state, whose creation Nova knows or not."""
    stopped = ActionView(action="stop", by=By.NOVA, request="nova", began_at=NovaTime(NOW - 3 * S))
    created = ActionView(action="create", by=By.OTHERS, request="create", began_at=NovaTime(NOW - 9_000 * S))
    nova = Nova(view=web(vm_state=state))
    nova.actions = ([stopped] if state == "stopped" else []) + (
        [created] if known or state == "stopped" else []
    )
    order = guest_order(relocates=relocates, decided_at=BrokerTime(NOW))
    worker = Worker(nova=nova, order=order)
    worker.own()
    return worker
