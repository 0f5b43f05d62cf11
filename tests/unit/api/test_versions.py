"""masakari.md 1.1-1.6: mounts, version documents, microversions, content types, routes that are not there."""

import re
from pathlib import Path

import pytest

from kasugai.adapters.settings.values import ApiSettings
from tests.support.api_doors import Answer, Api, microversion

HEADER = "openstack-api-version"


def fault(answer: Answer, status: int, name: str) -> str:
    """Check the envelope and return the message."""
    assert answer.status == status, answer.data
    assert answer.headers["content-type"] == "application/json; charset=UTF-8"
    ((key, body),) = answer.body.items()
    assert key == name and body["code"] == status and body["message"]
    return str(body["message"])


def test_the_root_lists_the_version_without_a_token() -> None:
    answer = Api(ApiSettings()).get("/")
    assert answer.status == 200 and HEADER not in answer.headers
    (version,) = answer.body["versions"]
    assert version == {
        "id": "v1.0",
        "status": "CURRENT",
        "version": "1.3",
        "min_version": "1.0",
        "updated": "2016-07-01T11:33:21Z",
        "links": [{"rel": "self", "href": "http://ha:15868/v1/"}],
    }


@pytest.mark.parametrize("path", ["/foo", "/v2", "/v1.0", "/versions"])
def test_an_unknown_version_gets_the_choices(api: Api, path: str) -> None:
    answer = api.get(path)
    (choice,) = answer.body["choices"]
    assert answer.status == 300
    assert choice["links"] == [{"rel": "self", "href": f"http://ha:15868/v1{path}"}]
    assert choice["media-types"][0]["type"] == "application/vnd.openstack.masakari+json;version=1"


def test_a_write_to_the_root_without_a_body_is_refused(api: Api) -> None:
    fault(api.ask("POST", "/"), 400, "badRequest")


@pytest.mark.parametrize("path", ["/v1", "/v1/", "/v1/versions/v1.0"])
def test_the_version_document(api: Api, path: str) -> None:
    answer = api.get(path)
    version = answer.body["version"]
    assert (version["min_version"], version["version"]) == ("1.0", "1.3")
    assert [link["rel"] for link in version["links"]] == ["self", "describedby"]
    assert re.fullmatch(r"req-[0-9a-f-]{36}", answer.headers["x-openstack-request-id"])


def test_a_link_prefix_goes_before_the_requests_host() -> None:
    api = Api(ApiSettings(auth_strategy="noauth2", link_prefix="https://ha.example.org/x"))
    assert api.get("/v1").body["version"]["links"][0]["href"] == "https://ha.example.org/x/v1/"


@pytest.mark.parametrize(
    ("header", "version"),
    [
        ("", "1.0"),
        ("instance-ha 1.2", "1.2"),
        ("instance-ha 1.1, compute 2.1", "1.1"),
        ("compute 2.1, instance-ha 1.3", "1.3"),
        ("instance-ha latest", "1.3"),
        ("instance-ha 1.1, instance-ha 1.2", "1.2"),
        ("instance-ha", "1.0"),
        ("masakari 1.2", "1.0"),
        ("ha 1.2", "1.0"),
        ("1.2", "1.0"),
    ],
)
def test_the_microversion_is_negotiated(api: Api, header: str, version: str) -> None:
    answer = api.ask("GET", "/v1/segments", headers={"OpenStack-API-Version": header} if header else {})
    assert answer.status == 200
    assert answer.headers[HEADER] == f"instance-ha {version}"
    assert answer.headers["vary"] == "OpenStack-API-Version"


@pytest.mark.parametrize("version", ["1.4", "2.0", "1.999999"])
def test_a_microversion_out_of_range_is_not_acceptable(api: Api, version: str) -> None:
    answer = api.get("/v1/segments", version)
    fault(answer, 406, "masakariFault")
    assert answer.headers[HEADER] == f"instance-ha {version}"


@pytest.mark.parametrize("version", ["abc", "1", "0.9", "1.2.3", "1.2 x", "-1.0", "1.01", "9" * 50 + ".1"])
def test_a_malformed_microversion_is_a_bad_request(api: Api, version: str) -> None:
    answer = api.get("/v1/segments", version)
    fault(answer, 400, "badRequest")
    assert HEADER not in answer.headers


@pytest.mark.parametrize(
    ("media_type", "status"),
    [
        ("application/json", 400),
        ("application/json; charset=utf-8", 400),
        ("application/vnd.openstack.masakari+json", 400),
        ("text/plain", 400),
        ("", 400),
        ("application/xml", 415),
        ("multipart/form-data", 415),
    ],
)
def test_only_json_is_taken(api: Api, media_type: str, status: int) -> None:
    answer = api.ask("POST", "/v1/segments", data=b"{}", headers={"Content-Type": media_type})
    fault(answer, status, "badMediaType" if status == 415 else "badRequest")


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_another_media_type_is_refused_without_a_body_as_well(api: Api, method: str) -> None:
    xml = {"Content-Type": "application/xml"}
    path = f"/v1/segments/{api.segment()['uuid']}"
    fault(api.ask(method, path, headers=xml), 415, "badMediaType")
    assert api.ask(method, path, headers={"Content-Type": "text/plain"}).status in (200, 204)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/segments/"),
        ("GET", "/v1/nothing"),
        ("GET", "/v1/0123abc"),
        ("GET", "/v1/0123abc/"),
        ("GET", "/v1/NOT-HEX/segments"),
        ("POST", "/v1/"),
        ("PATCH", "/v1/segments"),
        ("PATCH", "/v1/notifications/x"),
        ("DELETE", "/v1/segments"),
        ("PUT", "/v1/notifications"),
        ("POST", "/v1/segments/x"),
        ("POST", "/v1/notifications/x"),
        ("GET", "/v1/segments//hosts"),
        ("FOO", "/v1/segments"),
        ("HEAD", "/v1/segments"),
    ],
)
def test_what_is_not_there_is_plain_text(api: Api, method: str, path: str) -> None:
    answer = api.ask(method, path, {} if method != "GET" else None)
    assert answer.status == 404, answer.data
    assert answer.headers["content-type"].startswith("text/plain")


@pytest.mark.parametrize("path", ["/v1/segments/x", "/v1/abc/segments/x", "/v1/segments/x/y/z"])
def test_what_is_not_there_is_said_before_anything_else(api: Api, path: str) -> None:
    wrong = {"Content-Type": "application/xml", "X-Auth-Token": "admin:def"} | microversion("abc")
    answer = api.ask("POST", path, data=b"<x/>", headers=wrong)
    assert answer.status == 404 and answer.headers["content-type"].startswith("text/plain")
    assert HEADER not in answer.headers


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", "/v1/notifications/x"),
        ("DELETE", "/v1/notifications/x"),
        ("POST", "/v1/notifications/x/vmoves"),
        ("DELETE", "/v1/notifications/x/vmoves/y"),
        ("POST", "/v1/segments/x/action"),
        ("POST", "/v1/notifications/x/action"),
        ("GET", "/v1/segments/new"),
        ("GET", "/v1/notifications/new"),
        ("GET", "/v1/segments/x/hosts/new"),
        ("GET", "/v1/notifications/x/vmoves/new"),
        ("GET", "/v1/extensions/new"),
        ("GET", "/v1/versions"),
    ],
)
def test_what_is_there_for_other_methods_is_405(api: Api, method: str, path: str) -> None:
    fault(api.ask(method, path, {} if method != "GET" else None), 405, "badMethod")


def test_every_path_works_below_a_project_id_and_with_json_at_its_end(api: Api) -> None:
    segment = api.segment()
    for path in ("/v1/abc-123/segments", "/v1/segments.json", f"/v1/abc/segments/{segment['uuid']}.json"):
        assert api.get(path).status == 200
    assert api.get("/v1/abc/versions/v1.0").status == 200


def test_another_project_than_the_tokens_is_refused(api: Api) -> None:
    other = api.ask("GET", "/v1/abc/segments", headers={"X-Auth-Token": "admin:def"})
    fault(other, 400, "badRequest")
    assert api.ask("GET", "/v1/abc/segments", headers={"X-Auth-Token": "admin:abc"}).status == 200


def test_options_are_answered_with_nothing(api: Api) -> None:
    answer = api.ask("OPTIONS", "/v1/segments")
    assert answer.status == 200 and answer.data == b""


def test_a_body_over_the_bound_is_refused_before_it_is_read(api: Api) -> None:
    answer = api.ask("POST", "/v1/segments", data=b" " * 114_689)
    assert answer.status == 413 and answer.headers["content-type"].startswith("text/plain")
    assert api.ask("POST", "/v1/segments", data=b" " * 114_688).status == 400


def test_the_health_check(api: Api) -> None:
    assert (api.get("/healthcheck").status, api.get("/healthcheck").data) == (200, b"OK")
    told = api.ask("GET", "/healthcheck", headers={"Accept": "application/json"})
    assert told.body == {"detailed": False, "reasons": ["OK"]}
    assert api.ask("HEAD", "/healthcheck").status == 204


def test_extensions(api: Api) -> None:
    found = api.get("/v1/extensions").body["extensions"]
    assert [(each["name"], each["alias"]) for each in found] == [
        ("Extensions", "extensions"),
        ("Notifications", "notifications"),
        ("Hosts", "os-hosts"),
        ("Segments", "segments"),
        ("Versions", "versions"),
        ("vmoves", "vmoves"),
    ]
    one = api.get("/v1/extensions/os-hosts").body["extension"]
    assert set(one) == {"name", "alias", "description", "namespace", "updated", "links"}
    fault(api.get("/v1/extensions/nothing"), 404, "itemNotFound")


def test_without_a_token_keystone_is_asked_for_one(tmp_path: Path) -> None:
    conf = tmp_path / "kasugai.conf"
    conf.write_text("[keystone_authtoken]\nwww_authenticate_uri = http://keystone/identity\n")
    api = Api(ApiSettings(auth_strategy="keystone"), (str(conf),))
    answer = api.ask("GET", "/v1/segments", headers=microversion("1.0"))
    assert answer.status == 401 and "x-openstack-request-id" in answer.headers
    assert answer.headers["www-authenticate"] == 'Keystone uri="http://keystone/identity"'


def test_what_breaks_outside_the_application_is_a_fault_too(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: str) -> str:
        raise RuntimeError("secret")

    monkeypatch.setattr("kasugai.api.pipeline.below_v1", broken)
    assert "secret" not in fault(api.get("/v1/segments"), 500, "masakariFault")


def test_without_a_keystone_to_ask_nobody_is_told_of_a_bug() -> None:
    answer = Api(ApiSettings(auth_strategy="keystone")).get("/v1/segments")
    fault(answer, 503, "serviceUnavailable")
