"""The preset grafana, over HTTP, against a server that does as Grafana's annotations do: each POST is another one."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from kasugai.adapters.web import Web
from kasugai.announcers.events import event_of, values_of
from kasugai.announcers.receivers_file import Receiver, parse_receivers
from kasugai.announcers.sending import Away, deliver
from kasugai.core.telling.narrate import narrate_verdict
from kasugai.core.words.subject import Kind, Subject
from kasugai.core.words.verdicts import Reason, Verb, Verdict
from tests.support.announced import NAMES, STORY, about, verdict
from tests.support.scripted_http import Asked, Says, ScriptedServer

PATH = "/grafana/api/annotations"
TOKEN = "glsa_s3cr3t"
ADDED = {"message": "Annotation added"}


class Grafana:
    """Keeps what was posted, under numbers of its own; a list by time and tags."""

    def __init__(self) -> None:
        self.kept: list[dict[str, Any]] = []
        self.takes_and_fails = False

    def answer(self, asked: Asked) -> Says:
        """Answer as Grafana: 401 for whom it does not know, 400 for a time that is no number."""
        if asked.headers.get("Authorization") != f"Bearer {TOKEN}":
            return Says({"message": "Unauthorized"}, status=401)
        if asked.method == "GET":
            return Says([each for each in self.kept if self._is_asked(each, asked.query)])
        said = json.loads(asked.body)
        if not isinstance(said["time"], int) or not said["text"]:
            return Says({"message": "bad request data"}, status=400)
        self.kept.append(said)
        if self.takes_and_fails:
            self.takes_and_fails = False
            return Says(status=502)
        return Says(ADDED | {"id": len(self.kept)})

    def _is_asked(self, each: dict[str, Any], query: dict[str, list[str]]) -> bool:
        begin, end = int(query["from"][0]), int(query["to"][0])
        return begin <= each["time"] <= end and set(query["tags"]) <= set(each["tags"])


@pytest.fixture
def grafana() -> Grafana:
    """One with nothing in it."""
    return Grafana()


@pytest.fixture
def server(grafana: Grafana) -> Iterator[ScriptedServer]:
    """Answers for it, below a path of its own."""
    with ScriptedServer({PATH: grafana.answer}) as found:
        yield found


@pytest.fixture
def receiver(server: ScriptedServer, tmp_path: Path) -> Receiver:
    """What receivers.yaml says of it."""
    token = tmp_path / "grafana.token"
    token.write_text(TOKEN + "\n")
    said = f"{{preset: grafana, token_file: {token}, values: {{server: {server.url}/grafana}}}}"
    (found,) = parse_receivers("f", f"receivers: {{notes: {said}}}")
    return found


def tell(receiver: Receiver, *verdicts: Verdict) -> None:
    async def send() -> None:
        async with Web(10.0) as web:
            for each in verdicts:
                event = event_of(each)
                assert event is not None
                more = {"key": event.key, "thread": "", "ends_at": "", "hold": "", "approve": ""}
                assert await deliver(receiver, web, values_of(event, NAMES), more) == ""

    asyncio.run(send())


def test_an_annotation_is_the_sentence_at_its_time_with_its_tags(
    receiver: Receiver, grafana: Grafana
) -> None:
    tell(receiver, *STORY)
    assert [each["text"] for each in grafana.kept] == [narrate_verdict(each) for each in STORY]
    assert [each["time"] for each in grafana.kept] == [each.at for each in STORY]
    ids = [str(each.verdict_id) for each in STORY]
    shared = [str(STORY[0].incident), "cmp1", "kasugai", "rack1", ".*"]
    assert [each["tags"] for each in grafana.kept] == [
        ["kasugai", "cmp1", "rack1", shared[0], number, ".*"] for number in ids
    ]


def test_a_repetition_adds_nothing_even_where_the_first_answer_was_lost(
    receiver: Receiver, grafana: Grafana
) -> None:
    grafana.takes_and_fails = True
    with pytest.raises(Away, match="502"):
        tell(receiver, STORY[0])
    tell(receiver, STORY[0], *STORY, STORY[0])
    assert len(grafana.kept) == len(STORY)


def test_two_words_of_one_moment_are_two(receiver: Receiver, grafana: Grafana) -> None:
    one = verdict(Verb.OPEN, Reason.CONFIRMED, n=1)
    other = verdict(Verb.HOLD, Reason.STORM, n=2, at=one.at, verdict_id=UUID(int=99), incident=None)
    tell(receiver, one, other)
    assert [each["tags"][:3] for each in grafana.kept] == [["kasugai", "cmp1", "rack1"]] * 2
    assert grafana.kept[1]["tags"] == ["kasugai", "cmp1", "rack1", str(other.verdict_id), ".*"]


def test_a_name_is_no_markup(receiver: Receiver, grafana: Grafana) -> None:
    tell(receiver, about(Subject(kind=Kind.HOST, host="<a href=//x>look</a>"), STORY[0]))
    assert "<a" not in grafana.kept[0]["text"] and "look" in grafana.kept[0]["text"]


@pytest.mark.parametrize(
    ("says", "why"),
    [
        (Says({"message": "Unauthorized"}, status=401), "asked whether it has the message, it answers 401"),
        (Says(raw=b"<html>log in</html>"), "it answers 200 and no list"),
        (Says(status=503, headers={"Retry-After": "7"}), "it answers 503"),
    ],
)
def test_who_does_not_say_what_it_has_is_told_nothing_yet(
    receiver: Receiver, server: ScriptedServer, says: Says, why: str
) -> None:
    server.answers[PATH] = says
    with pytest.raises(Away, match=why) as raised:
        tell(receiver, STORY[0])
    assert TOKEN not in str(raised.value) and [each.method for each in server.asked] == ["GET"]
    assert raised.value.wait == (7.0 if says.status == 503 else 0.0)


def test_a_page_that_asks_for_a_login_has_taken_nothing(receiver: Receiver, server: ScriptedServer) -> None:
    server.answers[PATH] = lambda asked: Says(
        raw=b"null" if asked.method == "GET" else b"<html>log in</html>"
    )
    with pytest.raises(Away, match="does not hold message"):
        tell(receiver, STORY[0])
