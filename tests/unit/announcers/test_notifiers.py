"""A notifier tells its receiver what it wants to hear: in the matter's thread, under the matter's key, with links that
carry one order each, and no secret anywhere but where it belongs."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from kasugai.adapters.links import check
from kasugai.announcers.notifier import Links, Notifier
from kasugai.announcers.receivers_file import parse_receivers
from kasugai.announcers.sending import Away
from kasugai.core.words.timing import Millis
from kasugai.core.words.verdicts import Reason, Verb, Verdict
from tests.support.announced import KEYS, NAMES, STORY, Chat, Memory, answer, verdict
from tests.support.incidents import INCIDENT, SEGMENT, START

SECOND = UUID(int=77)
HOUR = Millis(3_600_000)
SLACK = "receivers: {chat: {preset: slack, token_file: TOKEN, values: {channel: C1}}}"
PAGER = "receivers: {pager: {preset: pagerduty, secrets: {routing_key: TOKEN}}}"
PLAIN = "receivers: {own: {url: 'https://x/', body: {text: $summary, id: $id, key: $key}}}"


class Scene:
    """One receiver and its notifier."""

    def __init__(self, tmp_path: Path, text: str, links: bool = True) -> None:
        self.token = tmp_path / "token"
        self.token.write_text("xoxb-s3cr3t\n")
        (receiver,) = parse_receivers("f", text.replace("TOKEN", str(self.token)))
        self.chat, self.memory, self.now = Chat(), Memory(), START + 5_000
        self.counted: list[tuple[str, str]] = []
        self.notifier = Notifier(
            receiver,
            sends=self.chat,
            remembers=self.memory,
            segments=lambda: NAMES,
            now=lambda: self.now,
            expires=HOUR,
            links=Links(address="https://ha", keys=KEYS, lifetime=HOUR) if links else None,
            told=lambda receiver, end: self.counted.append((receiver, end)),
        )

    def tell(self, *verdicts: Verdict) -> list[Any]:
        """Tell, and return the bodies that arrived by it."""
        before = len(self.chat.sent)
        asyncio.run(self._tell(verdicts))
        return [sent.body for sent in self.chat.sent[before:]]

    async def _tell(self, verdicts: Sequence[Verdict]) -> None:
        for each in verdicts:
            telling = await self.notifier.tell(each)
            if telling is not None:
                await self.notifier.remember(telling, await self.notifier.send(telling))


def test_an_incident_is_one_thread_of_a_chat(tmp_path: Path) -> None:
    scene = Scene(tmp_path, SLACK)
    first, *following = scene.tell(*STORY)
    assert "thread_ts" not in first and {body["thread_ts"] for body in following} == {"ts-1"}
    assert [body["text"] for body in (first, *following)] == [
        "cmp1 in rack1: opened (confirmed)",
        "cmp1 in rack1: held (no-fence-device)",
        "cmp1 in rack1: goes-on (command)",
        "cmp1 in rack1: recovered (recovered)",
    ]
    assert "thread_ts" not in scene.tell(verdict(Verb.OPEN, Reason.CONFIRMED, n=9, incident=SECOND))[0]


def test_an_incident_is_one_alert_of_a_pager(tmp_path: Path) -> None:
    bodies = Scene(tmp_path, PAGER).tell(*STORY)
    assert [body["event_action"] for body in bodies] == ["trigger", "trigger", "trigger", "resolve"]
    assert [body["payload"]["severity"] for body in bodies] == ["error", "critical", "error", "info"]
    assert {body["dedup_key"] for body in bodies} == {str(INCIDENT)}
    assert {body["routing_key"] for body in bodies} == {"xoxb-s3cr3t"}


def test_what_is_held_before_there_is_an_incident_goes_on_in_its_thread_and_under_its_key(
    tmp_path: Path,
) -> None:
    scene = Scene(tmp_path, PAGER)
    held = verdict(Verb.HOLD, Reason.STORM, n=1, incident=None)
    first, *following = scene.tell(held, *STORY)
    assert {body["dedup_key"] for body in following} == {first["dedup_key"]} != {str(INCIDENT)}
    assert [key for _, key in scene.memory.known_] == [str(INCIDENT)], (
        "the subject's next matter is another one"
    )


def test_a_suspicion_that_ends_is_told_to_whom_it_was_told(tmp_path: Path) -> None:
    scene = Scene(tmp_path, PAGER)
    gone = verdict(Verb.WITHDRAW, Reason.SIGN_OF_LIFE, n=2, incident=None)
    assert scene.tell(gone) == []
    (held, over) = scene.tell(verdict(Verb.HOLD, Reason.STORM, incident=None), gone)
    assert (held["event_action"], over["event_action"]) == ("trigger", "resolve")
    assert scene.memory.known_ == {} and scene.tell(gone) == []


def test_what_a_person_should_look_at_is_no_beginning_of_a_later_incident(tmp_path: Path) -> None:
    scene = Scene(tmp_path, PAGER)
    alert = verdict(Verb.ALERT, Reason.GRAY_HOST, incident=None)
    looked, again, opened = scene.tell(alert, alert, STORY[0])
    assert looked["dedup_key"] == again["dedup_key"] and looked["payload"]["severity"] == "critical"
    assert opened["dedup_key"] == str(INCIDENT)


def test_a_restarted_notifier_goes_on_in_the_same_thread(tmp_path: Path) -> None:
    scene = Scene(tmp_path, SLACK)
    scene.tell(STORY[0])
    again = Scene(tmp_path, SLACK)
    again.memory = scene.memory
    again.notifier._remembers = scene.memory
    assert again.tell(STORY[1])[0]["thread_ts"] == "ts-1"


def test_without_a_memory_everything_is_told_all_the_same(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    scene = Scene(tmp_path, PAGER)
    scene.memory.is_away = True
    bodies = scene.tell(*STORY)
    assert [body["event_action"] for body in bodies] == ["trigger", "trigger", "trigger", "resolve"]
    assert "cannot be remembered" in caplog.text


def test_a_repetition_is_the_same_to_the_byte(tmp_path: Path) -> None:
    scene = Scene(tmp_path, PLAIN)
    first, second = scene.tell(STORY[0], STORY[0])
    keys = {sent.headers["Idempotency-Key"] for sent in scene.chat.sent}
    assert first == second and keys == {str(STORY[0].verdict_id)}


def test_a_receiver_hears_what_it_asked_for_and_the_end_of_it(tmp_path: Path) -> None:
    text = PLAIN.replace("{url", "{severities: [critical], segments: [rack1], url")
    scene = Scene(tmp_path, text)
    assert [body["text"].split(": ")[1] for body in scene.tell(*STORY)] == [
        "held (no-fence-device)",
        "goes-on (command)",
        "recovered (recovered)",
    ]
    other = Scene(tmp_path, text.replace("rack1", "rack2"))
    assert other.tell(*STORY) == []
    assert Scene(tmp_path, text.replace("rack1", SEGMENT)).tell(STORY[1]) != []


def test_what_is_old_is_told_to_nobody_but_the_end_of_what_was_told(tmp_path: Path) -> None:
    scene = Scene(tmp_path, PLAIN)
    scene.now = START + HOUR + 60_000
    assert scene.tell(*STORY) == [] and scene.counted == [("own", "late")] * 3
    scene.now = START
    scene.tell(STORY[0])
    scene.now = START + 2 * HOUR
    assert [body["text"].split(": ")[1] for body in scene.tell(*STORY[1:])] == ["recovered (recovered)"]


def test_a_link_orders_what_its_message_says_for_as_long_as_it_lasts(tmp_path: Path) -> None:
    scene = Scene(tmp_path, SLACK)
    (body,) = scene.tell(STORY[0])
    (button,) = [
        element for block in body["blocks"] if block["type"] == "actions" for element in block["elements"]
    ]
    address, _, link = button["url"].rpartition("/")
    assert address == "https://ha/kasugai/links"
    order = check(link, KEYS, START)
    assert (order.order, order.incident, order.until) == ("hold", INCIDENT, STORY[0].at + HOUR)
    late = Scene(tmp_path, SLACK.replace("C1", "C2"))
    late.now = STORY[0].at + HOUR
    assert "actions" not in {block["type"] for block in late.tell(STORY[0])[0]["blocks"]}
    bare = Scene(tmp_path, SLACK, links=False)
    assert "actions" not in {block["type"] for block in bare.tell(STORY[0])[0]["blocks"]}


def test_nobody_is_called_by_a_name(tmp_path: Path) -> None:
    """A guest's name is its user's, and stands in a failure's detail; a host's may be anything too."""
    subject = replace(STORY[0].subject, host="<!channel> @here *x*")
    (body,) = Scene(tmp_path, SLACK).tell(replace(STORY[0], subject=subject))
    for word in ("<!channel>", "@here", "*x*"):
        assert word not in body["text"]
    assert "channel" in body["text"]


@pytest.mark.parametrize(
    ("status", "data", "why"),
    [
        (401, None, "it answers 401"),
        (404, None, "it answers 404"),
        (429, None, "it answers 429"),
        (500, None, "it answers 500"),
        (503, None, "it answers 503"),
        (200, {"ok": False, "error": "channel_not_found"}, "does not hold ok as it must"),
        (200, None, "does not hold ok as it must"),
    ],
)
def test_what_may_be_mended_is_tried_again(tmp_path: Path, status: int, data: object, why: str) -> None:
    scene = Scene(tmp_path, SLACK)
    scene.chat.answers = [answer(status, data, retry_after="7")]
    with pytest.raises(Away, match=why) as raised:
        scene.tell(STORY[0])
    assert raised.value.wait in (0.0, 7.0)
    assert "thread_ts" not in scene.tell(STORY[0])[0]


def test_what_is_refused_for_good_is_told_and_left(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    scene = Scene(tmp_path, SLACK)
    scene.chat.answers = [answer(400), answer(302)]
    scene.tell(*STORY[:2])
    assert scene.counted == [("chat", "refused")] * 2
    assert caplog.text.count("never takes event") == 2


def test_a_secret_is_read_anew_and_told_nobody_else(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    scene = Scene(tmp_path, SLACK)
    scene.tell(STORY[0])
    scene.token.write_text("xoxb-another\n")
    scene.tell(STORY[1])
    assert [sent.headers["Authorization"] for sent in scene.chat.sent] == [
        "Bearer xoxb-s3cr3t",
        "Bearer xoxb-another",
    ]
    scene.token.unlink()
    with pytest.raises(Away, match="the token cannot be read") as raised:
        scene.tell(STORY[2])
    assert "xoxb" not in str(raised.value) + caplog.text
    assert not any("xoxb" in str(sent.body) for sent in scene.chat.sent)


def test_a_url_that_is_a_secret_comes_from_a_file_and_is_held_to_tls(tmp_path: Path) -> None:
    text = "receivers: {own: {url_file: TOKEN, body: {text: $summary}}}"
    scene = Scene(tmp_path, text)
    scene.token.write_text("https://hooks.example.org/T0/s3cr3t\n")
    scene.tell(STORY[0])
    assert scene.chat.sent[0].url == "https://hooks.example.org/T0/s3cr3t"
    scene.token.write_text("http://hooks.example.org/T0/s3cr3t\n")
    with pytest.raises(Away, match="anybody on the way reads http") as raised:
        scene.tell(STORY[1])
    assert "s3cr3t" not in str(raised.value)


def test_what_is_put_into_a_url_cannot_leave_its_place(tmp_path: Path) -> None:
    text = (
        "receivers: {rooms: {preset: matrix, token_file: TOKEN, "
        "values: {server: 'https://m.example.org', room: '!r/../x:example.org'}}}"
    )
    scene = Scene(tmp_path, text)
    scene.chat.answers = [answer(200, {"event_id": "$e"})]
    first, second = scene.tell(*STORY[:2])
    assert scene.chat.sent[0].url == (
        "https://m.example.org/_matrix/client/v3/rooms/%21r%2F..%2Fx%3Aexample.org/send/m.room.message/"
        f"{STORY[0].verdict_id}"
    )
    assert "m.relates_to" not in first and second["m.relates_to"] == {
        "rel_type": "m.thread",
        "event_id": "$e",
    }


def test_memory_has_a_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kasugai.announcers.notifier.MOST", 3)
    scene = Scene(tmp_path, PLAIN)
    for n in range(10):
        scene.tell(replace(STORY[0], incident=UUID(int=n)))
    assert len(scene.notifier._known) <= 3 and len(scene.memory.known_) == 10
