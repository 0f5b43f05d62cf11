"""Who may do what: the page is drawn from contracts and rights, and the rights are no more than the contracts say."""

import subprocess
import sys
from pathlib import Path

import pytest

from kasugai.adapters import redis_claims, redis_ledger, redis_round
from kasugai.adapters.redis_rights import USERS, User, acl_line
from kasugai.adapters.settings import KafkaSettings, Settings
from kasugai.core.words.subject import INCIDENT_KINDS
from kasugai.schemas.rights import PRINCIPALS, acl_lines, reads, writes
from kasugai.schemas.topics import COMMANDS, CORRELATE_APP, REPORTED, contracts
from kasugai.streams.route_app import GROUP
from kasugai.workers.starting import Worker

REPO = Path(__file__).resolve().parents[2]
BY_ROLE = {principal.role: principal for principal in PRINCIPALS}
AT_REDIS = {user.login: user for user in USERS}


def test_the_page_is_fresh() -> None:
    command = [sys.executable, "-c", "import draw_access; print(draw_access.render(), end='')"]
    drawn = subprocess.run(command, cwd=REPO / "tools", capture_output=True, text=True, check=True).stdout
    page = (REPO / "docs" / "operators" / "access.md").read_text()
    assert page == drawn, "type .venv/bin/python tools/draw_access.py"


def test_only_the_api_and_a_person_assert_and_order() -> None:
    assert {p.role for p in PRINCIPALS if REPORTED in writes(p)} == {"api", "cli"}
    assert {p.role for p in PRINCIPALS if COMMANDS in writes(p)} == {"api", "cli"}


def test_an_agent_writes_its_own_topics_and_nothing_else() -> None:
    agent = BY_ROLE["agents"]
    assert reads(agent) == []
    assert all(set(contracts()[name].writers) <= {"agents", "liveness"} for name in writes(agent))
    (line,) = acl_lines(agent)
    assert "--operation Write" in line and "--group" not in line and "prefixed" not in line


def test_nobody_may_write_what_no_contract_says() -> None:
    for principal in PRINCIPALS:
        for name in writes(principal):
            assert principal.role in contracts()[name].writers


def test_the_groups_are_those_that_the_processes_join() -> None:
    groups = {role: principal.groups for role, principal in BY_ROLE.items()}
    assert groups["route"] == (GROUP,)
    assert groups["correlate"] == (CORRELATE_APP,)
    worker = Worker(settings=Settings(kafka=KafkaSettings(bootstrap_servers="k:1")), kinds=INCIDENT_KINDS)
    assert groups["workers"] == tuple(map(worker.group_of, worker.kinds))
    assert groups["workers"][0] == "kasugai-worker-host"


@pytest.mark.parametrize("user", USERS, ids=lambda user: user.login)
def test_a_redis_user_loses_what_it_had_before_and_may_ask_for_the_replication_id_last(user: User) -> None:
    words = acl_line(user, "secret").split()
    assert words[:4] == ["ACL", "SETUSER", user.login, "reset"]
    assert words[-1] == "+info", "behind -@dangerous, or it is taken away again"
    assert words.index("-@all") < words.index("+@read") < words.index("-@dangerous")


def test_keys_are_those_that_the_stores_use() -> None:
    ledger = redis_ledger._key("lease", "host/cmp1")
    claim, view = redis_claims.PREFIX, redis_round.PREFIX
    for login, key, may in [
        ("kasugai-worker", ledger, True),
        ("kasugai-worker", view, False),
        ("kasugai-worker", claim, False),
        ("kasugai-api", ledger, False),
        ("kasugai-api", claim, True),
        ("kasugai-api", view, True),
        ("kasugai-project", ledger, False),
    ]:
        fits = any(key.startswith(pattern[1:].rstrip("*")) for pattern in AT_REDIS[login].keys)
        assert fits is may, (login, key)
