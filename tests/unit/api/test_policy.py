"""masakari.md 1.7: Masakari's rule names, admins only, a policy file, and the order of body and policy."""

import os
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from oslo_policy import policy as oslo

from kasugai.adapters.settings.oslo import open_conf
from kasugai.adapters.settings.values import ApiSettings
from kasugai.api.app import make_app
from kasugai.api.environ import BASE
from kasugai.api.policies import OPERATIONS, Policy, rules, sample
from kasugai.core.words import policy as core
from kasugai.core.words.inventory import HostRecord, SegmentRecord
from tests.support import api_doors
from tests.unit.api.test_versions import fault

MEMBER = {"X-User-Id": "u", "X-Roles": "member", "X-Project-Id": "p"}
ADMIN = MEMBER | {"X-Roles": "member,admin"}


class Named(api_doors.Api):
    """The application below the middleware that says who asks."""

    def __init__(self, files: tuple[str, ...] = ()) -> None:
        super().__init__()
        app = make_app(self.doors, Policy(open_conf(files)), ApiSettings(), core.Policy())

        def based(environ: dict[str, Any], start_response: Any) -> Any:
            return app(environ | {BASE: "http://ha"}, start_response)

        self.wsgi = based


def test_only_an_admin_may() -> None:
    api = Named()
    assert api.ask("GET", "/segments", headers=ADMIN).status == 200
    fault(api.ask("GET", "/segments", headers=MEMBER), 403, "forbidden")
    assert api.ask("GET", "/", headers=MEMBER).status == 200
    nobody = api.ask("GET", "/segments")
    assert nobody.status == 401 and nobody.headers["content-type"].startswith("text/plain")


def test_a_bad_body_is_told_before_the_policy_and_the_policy_before_what_is_there() -> None:
    api = Named()
    fault(api.ask("POST", "/segments", {}, MEMBER), 400, "badRequest")
    fault(api.ask("DELETE", "/segments/nothing", headers=MEMBER), 403, "forbidden")
    fault(api.ask("DELETE", "/segments/nothing", headers=ADMIN), 404, "itemNotFound")


def test_a_policy_file_lets_others_in(tmp_path: Path) -> None:
    (tmp_path / "policy.yaml").write_text('"os_masakari_api:segments:index": "role:member"\n')
    conf = tmp_path / "masakari.conf"
    conf.write_text("[DEFAULT]\n")
    api = Named((str(conf),))
    assert api.ask("GET", "/segments", headers=MEMBER).status == 200
    fault(api.ask("GET", "/notifications", headers=MEMBER), 403, "forbidden")


def test_a_changed_policy_file_counts_within_a_second(tmp_path: Path) -> None:
    conf, rules_file, now = tmp_path / "masakari.conf", tmp_path / "policy.yaml", [10.0]
    conf.write_text("[DEFAULT]\n")
    rules_file.write_text('"os_masakari_api:segments:index": "role:member"\n')
    found = Policy(open_conf((str(conf),)), lambda: now[0])
    member = {"user_id": "u", "project_id": "p", "roles": ["member"], "is_admin": False}
    assert found.allows("segments:index", member)
    assert not found.allows("segments:index", member | {"roles": ["reader"]}), "answers are each caller's own"
    rules_file.write_text('"os_masakari_api:segments:index": "!"\n')
    os.utime(rules_file, (2e9, 2e9))
    now[0] += 1.0
    assert not found.allows("segments:index", member)


def test_who_is_an_administrator_is_asked_once_a_second(tmp_path: Path) -> None:
    """Asked for each request it costs a quarter of an answer: oslo.policy looks for changed files each time."""
    conf, rules_file, now = tmp_path / "masakari.conf", tmp_path / "policy.yaml", [10.0]
    conf.write_text("[DEFAULT]\n")
    rules_file.write_text('"context_is_admin": "role:member"\n')
    found = Policy(open_conf((str(conf),)), lambda: now[0])
    member = {"user_id": "u", "project_id": "p", "roles": ["member"]}
    assert found.is_admin(member) and not found.is_admin(member | {"roles": ["reader"]})
    rules_file.write_text('"context_is_admin": "role:admin"\n')
    os.utime(rules_file, (2e9, 2e9))
    with patch.object(oslo.Enforcer, "authorize", side_effect=AssertionError("asked again")):
        assert found.is_admin(member)
    now[0] += 1.0
    assert not found.is_admin(member)


def test_an_extension_is_seen_by_whom_it_concerns(tmp_path: Path) -> None:
    (tmp_path / "policy.yaml").write_text('"os_masakari_api:vmoves:discoverable": "!"\n')
    conf = tmp_path / "masakari.conf"
    conf.write_text("[DEFAULT]\n")
    found = Named((str(conf),)).ask("GET", "/extensions", headers=ADMIN).body["extensions"]
    assert [each["alias"] for each in found] == [
        "extensions",
        "notifications",
        "os-hosts",
        "segments",
        "versions",
    ]


def test_the_sample_is_a_policy_file_that_changes_nothing() -> None:
    text = sample()
    assert oslo.parse_file_contents(text) == {}
    assert all(f'#"{rule.name}": "{rule.check_str}"' in text for rule in rules())
    filled = oslo.parse_file_contents(text.replace('#"', '"'))
    assert filled == {rule.name: rule.check_str for rule in rules()}


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_defaults_let_an_admin_do_all_and_nobody_else_write_but_those_who_report(name: str) -> None:
    (rule,) = [rule for rule in rules() if rule.name == f"os_masakari_api:{name}"]
    if name.startswith("versions:"):
        assert rule.check_str == "@"
    elif name.endswith((":index", ":detail", ":discoverable")):
        assert rule.check_str == "rule:reader_api"
    else:
        create = "rule:notifier_api" if name == "notifications:create" else "rule:admin_api"
        assert rule.check_str == create


REPORT = {
    "notification": {
        "type": "COMPUTE_HOST",
        "hostname": "cmp1",
        "generated_time": "2026-11-30T00:00:00",
        "payload": {"event": "STOPPED", "cluster_status": "OFFLINE", "host_status": "NORMAL"},
    }
}


def test_a_system_reader_reads_and_does_nothing() -> None:
    reader = {"X-User-Id": "u", "X-Roles": "reader", "OpenStack-System-Scope": "all"}
    api = Named()
    for path in ("/segments", "/notifications", "/extensions"):
        assert api.ask("GET", path, headers=reader).status == 200, path
    body = {"segment": {"name": "r", "recovery_method": "auto", "service_type": "C"}}
    fault(api.ask("POST", "/segments", body, reader), 403, "forbidden")
    fault(api.ask("POST", "/notifications", REPORT, reader), 403, "forbidden")


@pytest.mark.parametrize("roles", ["reader", "reader,member", "member,reader,manager"])
def test_a_reader_of_a_project_sees_nothing(roles: str) -> None:
    """Every member of every project is one."""
    fault(Named().ask("GET", "/segments", headers=MEMBER | {"X-Roles": roles}), 403, "forbidden")


def test_a_notifier_reports_as_one_witness_and_may_do_nothing_else() -> None:
    """Its password lies on hypervisors: whoever takes it can neither assert nor read nor change anything."""
    api = Named()
    described: list[SegmentRecord | HostRecord] = [
        SegmentRecord(segment_id="s1", name="rack1"),
        HostRecord(host_uuid="h1", name="cmp1", segment_id="s1"),
    ]
    api.registry.edit(lambda _: described)
    notifier = MEMBER | {"X-Roles": "kasugai-notifier"}
    assert api.ask("POST", "/notifications", REPORT, notifier).status == 202
    (said,) = api.reports.faults
    assert said.asserted and not said.trusted
    for method, path in [("GET", "/segments"), ("GET", "/notifications"), ("DELETE", "/segments/s1")]:
        fault(api.ask(method, path, headers=notifier), 403, "forbidden")
