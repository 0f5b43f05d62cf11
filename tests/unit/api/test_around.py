"""OpenStack's middleware around the API acts where its options, or a request, ask for it; elsewhere nobody asks it."""

import re
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any
from wsgiref.util import setup_testing_defaults

import pytest
from oslo_middleware import request_id
from oslo_middleware.request_id import RequestId

from kasugai.adapters.settings import SettingError
from kasugai.adapters.settings.values import ApiSettings
from kasugai.api.pipeline import MOST_BYTES, numbered
from kasugai.api.process import refuse_open_door
from tests.support.api_doors import Api

ORIGIN = "https://dashboard.example.org"


def made(folder: Path, conf: str) -> Api:
    file = folder / "kasugai.conf"
    file.write_text(conf)
    return Api(conf_files=(str(file),))


def test_an_allowed_origin_is_told_so(tmp_path: Path) -> None:
    api = made(tmp_path, f"[cors]\nallowed_origin = {ORIGIN}\n")
    assert (
        api.ask("GET", "/v1/segments", headers={"Origin": ORIGIN}).headers["access-control-allow-origin"]
        == ORIGIN
    )
    preflight = {"Origin": ORIGIN, "Access-Control-Request-Method": "POST"}
    answer = api.ask("OPTIONS", "/v1/segments", headers=preflight)
    assert (answer.status, answer.headers["access-control-allow-methods"]) == (200, "POST")


def test_without_one_a_strangers_origin_gets_nothing(api: Api) -> None:
    answer = api.ask("GET", "/v1/segments", headers={"Origin": ORIGIN})
    assert answer.status == 200 and not [name for name in answer.headers if name.startswith("access-control")]
    assert api.ask("OPTIONS", "/v1/nothing", headers={"Origin": ORIGIN}).status == 200


@pytest.mark.parametrize(("told", "base"), [("yes", "https://ha.example.org"), ("no", "http://ha:15868")])
def test_a_proxys_words_count_where_the_option_says_so(tmp_path: Path, told: str, base: str) -> None:
    api = made(tmp_path, f"[oslo_middleware]\nenable_proxy_headers_parsing = {told}\n")
    proxy = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "ha.example.org"}
    version = api.ask("GET", "/v1", headers=proxy).body["version"]
    assert version["links"][0]["href"].startswith(f"{base}/v1")


def test_no_answer_is_kept_or_guessed_at(api: Api) -> None:
    for path in ("/", "/v1", "/v1/segments", "/v1/nothing", "/healthcheck", "/kasugai/v1/incidents"):
        told = api.get(path).headers
        assert (told["cache-control"], told["x-content-type-options"]) == ("no-store", "nosniff"), path


def test_before_a_token_is_shown_no_option_lets_more_than_a_bound_be_read(tmp_path: Path) -> None:
    api = made(tmp_path, "[oslo_middleware]\nmax_request_body_size = 10000000\n")
    assert api.ask("POST", "/v1/segments", data=b" " * MOST_BYTES).status == 400
    assert api.ask("POST", "/v1/segments", data=b" " * (MOST_BYTES + 1)).status == 413


@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
def test_noauth2_is_served_to_this_machine(address: str) -> None:
    refuse_open_door(ApiSettings(auth_strategy="noauth2", listen=address))


@pytest.mark.parametrize("address", ["0.0.0.0", "::", "10.0.0.1", "controller1"])
def test_noauth2_is_served_to_others_only_where_somebody_says_so(address: str) -> None:
    open_to_all = ApiSettings(auth_strategy="noauth2", listen=address)
    with pytest.raises(
        SettingError, match=r"^\[api\] auth_strategy = noauth2 .*; for example: auth_strategy"
    ):
        refuse_open_door(open_to_all)
    refuse_open_door(replace(open_to_all, noauth2_anywhere=True))
    refuse_open_door(replace(open_to_all, auth_strategy="keystone"))


@pytest.mark.parametrize(
    ("length", "status"), [(None, 400), ("1" * 5000, 400), ("114689", 413)], ids=["none", "absurd", "over"]
)
def test_a_body_over_the_bound_is_refused_whatever_its_length_says(
    api: Api, length: str | None, status: int
) -> None:
    """What has no length that can be believed is not read at all."""
    environ = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": "/v1/segments",
        "CONTENT_TYPE": "application/json",
        "wsgi.input": BytesIO(b" " * 114_689),
        "wsgi.input_terminated": True,
    }
    if length is not None:
        environ["CONTENT_LENGTH"] = length
    setup_testing_defaults(environ)
    heard: list[str] = []
    b"".join(api.wsgi(environ, lambda line, *_: heard.append(line)))
    assert heard[0].startswith(str(status))


@pytest.mark.parametrize("theirs", ["", "req-" + "0" * 8 + "-1111-2222-3333-" + "4" * 12, "req-x", "x"])
def test_a_request_is_numbered_as_openstacks_own_middleware_does_it(theirs: str) -> None:
    seen = [heard_of(middleware, theirs) for middleware in (numbered, RequestId)]
    for environ, headers in seen:
        number = environ[request_id.ENV_REQUEST_ID]
        assert re.fullmatch(request_id.ID_FORMAT, number)
        assert headers == {"Content-Type": "text/plain", request_id.HTTP_RESP_HEADER_REQUEST_ID: number}
    ours, oslos = (environ.get(request_id.GLOBAL_REQ_ID) for environ, _ in seen)
    assert ours == oslos


def heard_of(middleware: Any, theirs: str) -> tuple[dict[str, Any], dict[str, str]]:
    """What the application behind a middleware is told, and what the client is."""
    inside: dict[str, Any] = {}
    outside: dict[str, str] = {}

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        inside.update(environ)
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b""]

    environ: dict[str, Any] = {"HTTP_X_OPENSTACK_REQUEST_ID": theirs} if theirs else {}
    setup_testing_defaults(environ)
    list(middleware(app)(environ, lambda _, headers, *__: outside.update(headers)))
    return inside, outside
