"""Incidents are told to a chat by real processes on a real Kafka and Redis, in a thread each, over the death of the
announcer; and somebody acts from there, whom a Keystone admits."""

from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import urlencode
from uuid import UUID

import pytest

from kasugai.adapters.links import command_id
from kasugai.api.own.rules import MOUNT
from kasugai.sim.http.keystone import APPLICATION_ID, APPLICATION_SECRET
from tests.support.announced import STORY, told_now
from tests.support.announcer import SECRET, Told, link_of, telling
from tests.support.api_process import ask
from tests.support.incidents import INCIDENT
from tests.support.scripted_http import Says

pytestmark = [pytest.mark.integration, pytest.mark.timeout(180)]

POST = "/api/chat.postMessage"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    """One deployment for all: topics have fixed names."""
    with telling(tmp_path_factory.mktemp("told")) as found:
        yield found


def test_a_chat_hears_of_an_incident_and_somebody_acts_from_there(told: Told) -> None:
    story = [told_now(each) for each in STORY]
    told.announce()
    told.decide(story[0])
    (first,) = told.messages(1)
    assert first["text"] == "cmp1 in 5e9a0000-0000-5000-8000-000000000002: opened (confirmed)"
    act(told, link_of(first))
    told.place.kill("announce")
    told.decide(*story[1:])
    told.announce("announce-2")
    *following, last = told.messages(4)[1:]
    assert {message["thread_ts"] for message in (*following, last)} == {"1.1"}
    assert last["text"].endswith("recovered (recovered)")
    logs = told.place.log("announce") + told.place.log("announce-2") + told.place.log("api")
    assert SECRET not in logs and "Traceback" not in logs


def act(told: Told, link: str) -> None:
    """Look at the link as a chat's preview does, then order by it: a program, and a person by the form."""
    own = f"{MOUNT}/links/{link.rpartition('/')[2]}"
    assert ask(told.port, "GET", link)[0] == 200 and told.commands() == []
    assert ask(told.port, "POST", own)[0] == 401 and told.commands() == []
    assert ask(told.port, "POST", link, urlencode({"token": "nobody's"}), **FORM)[0] == 401
    login = {"id": APPLICATION_ID, "secret": APPLICATION_SECRET, "reason": "I looked"}
    assert ask(told.port, "POST", link, urlencode(login | {"secret": "wrong"}), **FORM)[0] == 401
    status, body = ask(told.port, "POST", link, urlencode(login), **FORM)
    assert status == 202 and b"Done" in body
    assert ask(told.port, "POST", own, **{"X-Auth-Token": told.token()})[0] == 202
    one, other = told.commands()
    assert one.command_id == other.command_id == command_id(link.rpartition("/")[2])
    assert (one.order, one.incident, one.reason) == ("hold", INCIDENT, "I looked")


def test_a_chat_that_is_away_hears_everything_once_it_is_back(told: Told) -> None:
    taken, before = told.chat.answers[POST], len(told.chat.asked)
    told.chat.answers[POST] = Says(status=503)
    story = [told_now(replace(each, incident=UUID(int=5))) for each in STORY[:2]]
    told.decide(*story)
    told.messages(before + 2)
    told.chat.answers[POST] = taken
    away = len(told.chat.asked)
    opened, held = told.messages(away + 2)[-2:]
    assert opened["text"].endswith("opened (confirmed)") and held["text"].endswith("held (no-fence-device)")
    assert "thread_ts" not in opened and held["thread_ts"]
    assert told.place.log("announce-2").count("receiver chat: it answers 503") == 1
