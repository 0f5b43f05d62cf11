"""Guests that die while their host lives, and a nova-compute whose monitor says that it has stopped.

Reported as Masakari's monitors do, through Masakari's API; judged by Nova's instance actions, by the hypervisors' own
diary and by what that API says of each notification.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from acceptance.ours import Ours
from acceptance.progress import wait_for
from acceptance.results import Result, check
from acceptance.stack.admin import Admin
from acceptance.stack.layout import ADMIN, HOSTS, KASUGAI
from acceptance.stack.stack import Stack
from kasugai.core.words.policy import Policy

SUBJECT, HOST = "instances", HOSTS[0]
BY_NOVA, UNSEEN, BY_USER = "stopped-by-nova", "not-seen-by-nova", "stopped-by-its-user"
WITHIN = 90.0
"""Seconds for anything here: Nova compares its guests each 15 s."""
FAILED: Mapping[str, str] = {"event": "LIFECYCLE", "vir_domain_event": "STOPPED_FAILED"}


def run(stack: Stack, ours: Ours) -> Iterator[Result]:
    """Play all of it on one host that lives."""
    ours.describe(Policy(restart_all=True))
    ids = stack.admin.boot(HOST, [BY_NOVA, UNSEEN, BY_USER])
    seen = _Seen(stack, ids)
    yield check(SUBJECT, "a guest that Nova itself has stopped runs again", seen.by_nova)
    yield check(SUBJECT, "a guest that died before Nova saw it runs again", seen.unseen)
    yield check(SUBJECT, "a guest that its user has stopped is left", seen.by_user)
    yield check(
        SUBJECT, "a nova-compute that has stopped disables its service, with our reason", seen.disabled
    )
    yield check(SUBJECT, "and enables it when it runs again", seen.enabled)
    yield check(SUBJECT, "no guest ran on two hosts, and none has left its host", seen.at_home)
    stack.bring_back(HOST)
    stack.admin.delete_all()


class _Seen:
    """What is done, and what is there afterwards."""

    def __init__(self, stack: Stack, ids: Mapping[str, str]) -> None:
        self._stack, self._admin, self._ids = stack, stack.admin, ids
        self._us = str(Admin(stack.layout, KASUGAI).session.get_user_id())
        self._them = str(Admin(stack.layout, ADMIN).session.get_user_id())

    def by_nova(self) -> str:
        uuid = self._ids[BY_NOVA]
        self._stack.hypervisors.end(HOST, uuid)
        seconds = wait_for(lambda: self._is(uuid, "stopped"), "Nova stops it by itself", WITHIN)
        asked = self._asked(uuid)
        assert asked == [("create", self._them), ("stop", None)], f"{asked}"
        ended = self._end_of(self._report("VM", {**FAILED, "instance_uuid": uuid}))
        assert ended == "finished", ended
        self._runs(uuid)
        asked = self._asked(uuid)
        assert asked[2:] == [("start", self._us)], f"{asked}"
        return f"Nova's own stop after {seconds:.0f} s"

    def unseen(self) -> str:
        """Nova may come first or we: either way it is stopped once by one of us, and started once by us."""
        uuid = self._ids[UNSEEN]
        self._stack.hypervisors.end(HOST, uuid)
        ended = self._end_of(self._report("VM", {**FAILED, "instance_uuid": uuid}))
        assert ended == "finished", ended
        self._runs(uuid)
        asked = self._asked(uuid)[1:]
        assert asked in ([("stop", who), ("start", self._us)] for who in (self._us, None)), f"{asked}"
        return "stopped by " + ("us" if asked[0][1] else "Nova")

    def by_user(self) -> str:
        uuid = self._ids[BY_USER]
        self._admin.act(uuid, "os-stop").raise_for_status()
        wait_for(lambda: self._is(uuid, "stopped"), "its user's stop is carried out", WITHIN)
        ended = self._end_of(self._report("VM", {**FAILED, "instance_uuid": uuid}))
        assert ended == "ignored", ended
        asked = self._asked(uuid)
        assert asked == [("create", self._them), ("stop", self._them)], f"{asked}"
        assert self._is(uuid, "stopped") and uuid not in self._stack.hypervisors.running()
        return "left"

    def disabled(self) -> str:
        self._stack.processes.kill(f"nova-compute-{HOST}")
        ended = self._end_of(self._report("PROCESS", {"event": "STOPPED", "process_name": "nova-compute"}))
        assert ended == "finished", ended
        row = self._admin.service(HOST)
        assert (row["status"], row["forced_down"]) == ("disabled", False), f"{row}"
        assert row["disabled_reason"], "without a reason nobody knows whose it is"
        return str(row["disabled_reason"])

    def enabled(self) -> str:
        self._stack.start_compute(HOST)
        self._report("PROCESS", {"event": "STARTED", "process_name": "nova-compute"})
        seconds = wait_for(
            lambda: self._admin.service(HOST)["status"] == "enabled", "the service is enabled again", WITHIN
        )
        return f"after {seconds:.0f} s"

    def at_home(self) -> str:
        assert not self._stack.hypervisors.ran_twice()
        running = self._stack.hypervisors.running()
        mine = {name: running.get(uuid, set()) for name, uuid in self._ids.items()}
        assert mine == {BY_NOVA: {HOST}, UNSEEN: {HOST}, BY_USER: set()}, f"{mine}"
        return f"{len(mine)} guests"

    def _report(self, kind: str, payload: Mapping[str, str]) -> str:
        """Post a notification as a monitor does, and return its id."""
        notification = {
            "type": kind,
            "hostname": HOST,
            "generated_time": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f"),
            "payload": dict(payload),
        }
        answer = self._admin.ask_masakari("POST", "/notifications", json={"notification": notification})
        assert answer.status_code == 202, f"{answer.status_code} {answer.text}"
        return str(answer.json()["notification"]["notification_uuid"])

    def _end_of(self, notification: str) -> str:
        """Wait until the notification has ended, and return how."""

        def status() -> str:
            answer = self._admin.ask_masakari("GET", f"/notifications/{notification}")
            return str(answer.json()["notification"]["status"]) if answer.status_code == 200 else ""

        wait_for(lambda: status() not in ("", "new", "running"), f"notification {notification} ends", WITHIN)
        return status()

    def _asked(self, uuid: str) -> list[tuple[str, str | None]]:
        """Return what was asked of a guest and by whom, by Nova's own book, the oldest first."""
        return [(each["action"], each["user_id"]) for each in reversed(self._admin.actions(uuid))]

    def _is(self, uuid: str, vm_state: str) -> bool:
        row = self._admin.guest(uuid)
        return (row["OS-EXT-STS:vm_state"], row["OS-EXT-STS:task_state"]) == (vm_state, None)

    def _runs(self, uuid: str) -> None:
        assert self._is(uuid, "active"), f"{self._admin.guest(uuid)['OS-EXT-STS:vm_state']}"
        assert self._stack.hypervisors.running().get(uuid) == {HOST}
