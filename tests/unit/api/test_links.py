"""Links: a GET shows and does nothing, a POST is a command of whoever Keystone says and the policy lets, once."""

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from kasugai.adapters.links import Order, command_id, sign
from kasugai.adapters.settings import SettingError, Settings
from kasugai.adapters.settings.oslo import open_conf
from kasugai.adapters.settings.values import AnnounceSettings, ApiSettings, KafkaSettings
from kasugai.api.app import make_app
from kasugai.api.asking import Asking
from kasugai.api.link_page import MOST_BYTES, PAGE, LinkPage
from kasugai.api.logins import KeystoneAway, NotAdmitted, persons_login
from kasugai.api.own.app import own_app
from kasugai.api.own.rules import MOUNT
from kasugai.api.pipeline import around
from kasugai.api.policies import Policy
from kasugai.api.process import link_keys
from kasugai.core.words import policy as core
from kasugai.core.words.signals import Instruction, Limit
from kasugai.core.words.subject import host_subject
from tests.support.announced import KEYS
from tests.support.api_doors import Answer, Api, call
from tests.support.incidents import INCIDENT, SEGMENT
from tests.unit.api.test_versions import fault

NOW = 1_795_383_600_000
HOLD = Order(
    order=Instruction.HOLD,
    limit=None,
    segment=SEGMENT,
    subject=host_subject("cmp1"),
    incident=INCIDENT,
    verdict=INCIDENT,
    until=NOW + 1,
)
STORM = replace(HOLD, order=Instruction.APPROVE, limit=Limit.STORM, incident=None)
LINK = sign(HOLD, KEYS)
FORM = "application/x-www-form-urlencoded"


class Linked(Api):
    """The whole API with links."""

    def __init__(
        self, keys: Sequence[bytes] = KEYS, rules: dict[str, str] | None = None, folder: Path = Path()
    ) -> None:
        super().__init__()
        files: tuple[str, ...] = ()
        if rules is not None:
            (folder / "policy.yaml").write_text(json.dumps(rules))
            (folder / "kasugai.conf").write_text(f"[oslo_policy]\npolicy_file = {folder / 'policy.yaml'}\n")
            files = (str(folder / "kasugai.conf"),)
        conf, api = open_conf(files), ApiSettings(auth_strategy="noauth2")
        policy = Policy(conf)
        own = own_app(self.doors, policy, api, keys)
        self.logins: list[tuple[str, str]] = []
        page = (PAGE, lambda whole: LinkPage(whole, keys, self.wall.now, self.login))
        self.wsgi = around(
            make_app(self.doors, policy, api, core.Policy()), conf, api, {MOUNT: own}, page if keys else None
        )

    def login(self, name: str, secret: str) -> str:
        self.logins.append((name, secret))
        if name == "away":
            raise KeystoneAway
        if secret != "right":
            raise NotAdmitted
        return f"{name}:project"

    def form(self, link: str = LINK, content: str = FORM, **fields: str) -> Answer:
        """Send the page's form."""
        headers = {"Content-Type": content}
        return call(self.wsgi, "POST", f"{PAGE}/{link}", urlencode(fields).encode(), headers)

    def order(self, link: str = LINK, body: object = None, token: str = "ann:p") -> Answer:
        """Order as a program does."""
        return self.ask("POST", f"{MOUNT}/links/{link}", body, {"X-Auth-Token": token})


@pytest.fixture
def api() -> Linked:
    return Linked()


def text_of(answer: Answer) -> str:
    return re.sub(r"<style>.*?</style>|<[^>]+>", " ", answer.data.decode())


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_whoever_looks_at_a_link_does_nothing(api: Linked, method: str) -> None:
    for link in (LINK, sign(STORM, KEYS), "x", LINK[:-1]):
        answer = call(api.wsgi, method, f"{PAGE}/{link}", b"", {"User-Agent": "Slackbot-LinkExpanding 1.0"})
        assert answer.status in (200, 404)
        assert bool(answer.data) == (method == "GET" or answer.status == 404)
    assert api.get(f"{MOUNT}/links/{LINK}").status == 404
    assert api.reports.commands == [] and api.logins == []


def test_the_page_says_what_is_ordered_runs_nothing_and_may_be_framed_by_nobody(api: Linked) -> None:
    answer = api.get(f"{PAGE}/{LINK}")
    said = text_of(answer)
    assert "Hold cmp1" in said and str(INCIDENT) in said and "2026-11-22T21:40:00.001Z" in said
    assert "certainly dead" in text_of(api.get(f"{PAGE}/{sign(STORM, KEYS)}"))
    policy = answer.headers["content-security-policy"]
    assert (
        "default-src 'none'" in policy
        and "frame-ancestors 'none'" in policy
        and "form-action 'self'" in policy
    )
    assert (
        answer.headers["referrer-policy"] == "no-referrer" and answer.headers["cache-control"] == "no-store"
    )
    page = answer.data.decode()
    assert "<script" not in page and 'method="post"' in page and "action=" not in page


def test_a_name_is_text_on_the_page(api: Linked) -> None:
    evil = replace(HOLD, subject=host_subject('<script>alert("x")</script>\u202e'))
    page = api.get(f"{PAGE}/{sign(evil, KEYS)}").data.decode()
    assert "<script" not in page and "&lt;script&gt;" in page and "\u202e" not in page


def test_a_program_orders_with_its_token_and_the_second_time_it_is_the_same_command(api: Linked) -> None:
    first, second = api.order(), api.order(body={"reason": " switch replaced "})
    assert first.status == second.status == 202
    one, other = api.reports.commands
    assert one.command_id == other.command_id == command_id(LINK)
    assert (one.order, one.limit, one.segment, one.host, one.incident) == (
        "hold",
        None,
        SEGMENT,
        "cmp1",
        INCIDENT,
    )
    assert one.author == "ann" and one.reason.startswith("by the link of verdict")
    assert other.reason == "switch replaced"


def test_a_storm_is_passed_for_one_host(api: Linked) -> None:
    assert api.order(sign(STORM, KEYS)).status == 202
    (command,) = api.reports.commands
    assert (command.order, command.limit, command.up_to, command.incident) == ("approve", "storm", 0, None)


def test_a_person_orders_by_the_form(api: Linked) -> None:
    assert "Done" in text_of(api.form(id="cred", secret="right", reason="I looked"))
    assert "Done" in text_of(api.form(token=" bob:p "))
    assert api.logins == [("cred", "right")]
    assert [(c.author, c.reason[:8]) for c in api.reports.commands] == [
        ("cred", "I looked"),
        ("bob", "by the l"),
    ]
    assert len({command.command_id for command in api.reports.commands}) == 1


@pytest.mark.parametrize(
    ("fields", "status", "said"),
    [
        ({"id": "cred", "secret": "wrong"}, 401, "does not know this application credential"),
        ({"id": "cred"}, 401, "does not know this application credential"),
        ({"token": "gAAAA\u2026"}, 401, "This is no token"),
        ({"token": "鎹"}, 401, "This is no token"),
        ({}, 400, "not sent as a form"),
        ({"id": "away", "secret": "right"}, 503, "Nothing was done"),
        ({"id": "c" * MOST_BYTES, "secret": "x"}, 400, "not sent as a form"),
    ],
)
def test_who_is_not_admitted_orders_nothing(
    api: Linked, fields: dict[str, str], status: int, said: str
) -> None:
    answer = api.form(**fields)
    assert answer.status == status and said in text_of(answer)
    assert api.reports.commands == []


def test_a_form_is_a_form_and_a_page_is_no_way_around(api: Linked) -> None:
    assert api.form(content="application/json", token="x").status == 400
    for method in ("PUT", "DELETE", "PATCH"):
        assert call(api.wsgi, method, f"{PAGE}/{LINK}", b"", {}).status == 405
    headers = {"X-User-Id": "root", "X-Roles": "admin", "X-Auth-Token": "root", "Content-Type": FORM}
    answer = call(api.wsgi, "POST", f"{PAGE}/{LINK}", b"reason=x", headers)
    assert answer.status == 401 and api.reports.commands == [], (
        "what a browser's request carries is nobody's login"
    )


@pytest.mark.parametrize("link", ["x", "x.y", LINK[:-2], sign(HOLD, (b"z" * 32,)), LINK + "A"])
def test_what_nobody_of_ours_signed_is_none_and_asks_nobody(api: Linked, link: str) -> None:
    assert api.form(link, id="cred", secret="right").status == 404
    fault(api.order(link), 400, "badRequest")
    assert api.reports.commands == [] and api.logins == []


def test_a_link_ends(api: Linked) -> None:
    api.wall.at = HOLD.until
    assert api.get(f"{PAGE}/{LINK}").status == api.form(token="x").status == api.order().status == 410
    assert api.reports.commands == []


def test_the_policy_says_who_may(tmp_path: Path) -> None:
    rules = {"kasugai:commands:hold": "!", "kasugai:commands:approve": "user_id:ann"}
    api = Linked(rules=rules, folder=tmp_path)
    fault(api.order(), 403, "forbidden")
    assert "Policy doesn't allow kasugai:commands:hold" in text_of(api.form(token="ann:p")).replace(
        "&#x27;", "'"
    )
    assert (
        api.order(sign(STORM, KEYS)).status == 202
        and api.order(sign(STORM, KEYS), token="bob:p").status == 403
    )
    assert len(api.reports.commands) == 1


def test_without_keystone_behind_the_token_nobody_orders() -> None:
    """The door itself is behind the middleware that says who asks."""
    api = Linked()
    policy = Policy(open_conf(()))
    api.wsgi = own_app(api.doors, policy, ApiSettings(), KEYS)
    assert api.order().status == 401
    member = {"X-User-Id": "u", "X-Roles": "member", "X-Project-Id": "p"}
    assert api.ask("POST", f"{MOUNT}/links/{LINK}", None, member).status == 403
    assert api.reports.commands == []


def test_where_kafka_is_away_nothing_was_done(api: Linked) -> None:
    api.reports.is_away = True
    assert api.order().status == 503
    answer = api.form(token="ann:p")
    assert answer.status == 503 and "Nothing was done: Kafka cannot be reached" in text_of(answer)
    assert b"secret" not in answer.data


@pytest.mark.parametrize("body", [{"reason": ""}, {"reason": "  "}, {"more": 1}, [], {"reason": "x" * 1001}])
def test_a_body_that_does_not_fit_is_400(api: Linked, body: Any) -> None:
    assert api.order(body=body).status == 400 and api.reports.commands == []


def test_without_keys_there_are_no_links() -> None:
    api = Linked(keys=())
    fault(api.order(), 400, "badRequest")
    assert api.get(f"{PAGE}/{LINK}").status == 300, "an unknown prefix gets the versions, as ever"


def test_keys_that_cannot_be_used_keep_the_api_from_starting(tmp_path: Path) -> None:
    def settings(file: str) -> Settings:
        return Settings(
            kafka=KafkaSettings(bootstrap_servers="k:1"), announce=AnnounceSettings(links_key_file=file)
        )

    file = tmp_path / "links.keys"
    with pytest.raises(SettingError, match=r"\[announce\] links_key_file: .*cannot be read"):
        link_keys(settings(str(file)))
    file.write_text("k" * 32)
    file.chmod(0o640)
    assert link_keys(settings(str(file))) == KEYS and link_keys(settings("")) == ()


def test_a_keystone_that_is_away_is_no_refusal(tmp_path: Path) -> None:
    file = tmp_path / "kasugai.conf"
    file.write_text(
        "[keystone_authtoken]\nauth_type = password\nauth_url = http://127.0.0.1:1/identity\nusername = u\n"
        "password = p\nproject_name = s\nuser_domain_name = Default\nproject_domain_name = Default\n"
    )
    conf = open_conf((str(file),))
    Asking(lambda *_: [], conf)  # it registers the middleware's options
    with pytest.raises(KeystoneAway):
        persons_login(conf)("id", "secret")
