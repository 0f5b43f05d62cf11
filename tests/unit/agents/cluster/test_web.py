"""Asking for JSON: addresses, authorities, time, and what is no answer. The server is a scripted one."""

import asyncio
import ssl
import threading
import time
from pathlib import Path

import pytest

from kasugai.agents.cluster.looks import web
from kasugai.agents.cluster.looks.web import Answer, NoAnswer, Web, url_of
from tests.support.certificates import issue
from tests.support.scripted_http import Says, ScriptedServer


def get(url: str, ca_file: Path | None = None, patience: float = 5.0) -> Answer:
    return asyncio.run(Web(ca_file=ca_file, patience=patience).get(url, {"X-Consul-Token": "hunter2"}))


@pytest.mark.parametrize(
    ("address", "url"),
    [
        ("cmp1", "http://cmp1:8500"),
        ("cmp1:8501", "http://cmp1:8501"),
        ("192.0.2.1", "http://192.0.2.1:8500"),
        (" 192.0.2.1:80 ", "http://192.0.2.1:80"),
        ("2001:db8::1", "http://[2001:db8::1]:8500"),
        ("[2001:db8::1]", "http://[2001:db8::1]:8500"),
        ("[2001:db8::1]:8501", "http://[2001:db8::1]:8501"),
        ("https://consul.example.org", "https://consul.example.org:8500"),
        ("https://[2001:db8::1]:8443/", "https://[2001:db8::1]:8443"),
    ],
)
def test_an_address_may_be_ipv6_and_have_no_port(address: str, url: str) -> None:
    assert url_of(address, 8500) == url


@pytest.mark.parametrize(
    "address", ["", "ftp://cmp1", "http://", "cmp1:http", "http://user:pw@cmp1", "cmp1:99999"]
)
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        url_of(address, 8500)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_an_answer_has_data_and_the_servers_time(host: str) -> None:
    with ScriptedServer({"/v1": Says(["cmp1"])}, host=host) as server:
        answer = get(f"{server.url}/v1")
    assert answer.data == ["cmp1"]
    assert answer.date.endswith("GMT")
    assert server.asked[0].headers["X-Consul-Token"] == "hunter2"


def test_who_signs_the_certificate_is_checked(tmp_path: Path) -> None:
    ours, others = issue(tmp_path / "ours"), issue(tmp_path / "others")
    with ScriptedServer({"/v1": Says(1)}, certificates=ours) as server:
        assert get(f"{server.url}/v1", Path(ours.ca)).data == 1
        with pytest.raises(NoAnswer, match="CERTIFICATE_VERIFY_FAILED"):
            get(f"{server.url}/v1", Path(others.ca))
        with pytest.raises(NoAnswer, match="CERTIFICATE_VERIFY_FAILED"):
            get(f"{server.url}/v1")


def test_an_authority_that_cannot_be_read_is_refused_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        Web(ca_file=tmp_path / "nothing.pem")
    (tmp_path / "empty.pem").write_text("")
    with pytest.raises(ssl.SSLError):
        Web(ca_file=tmp_path / "empty.pem")


def test_a_server_that_does_not_answer_costs_no_more_than_its_time() -> None:
    never = threading.Event()
    with ScriptedServer({"/v1": Says(wait=never)}) as server:
        begun = time.monotonic()
        with pytest.raises(NoAnswer, match=r"timed out|gave no answer"):
            get(f"{server.url}/v1", patience=0.3)
        assert time.monotonic() - begun < 5
        never.set()


def test_nobody_there() -> None:
    with ScriptedServer({}) as server:
        pass
    with pytest.raises(NoAnswer, match="Connection refused"):
        get(f"{server.url}/v1")


@pytest.mark.parametrize(
    ("says", "why"),
    [
        (Says(status=403), "answers 403 to /v1"),
        (Says("No cluster leader", status=500), "answers 500 to /v1"),
        (Says(raw=b"<html>"), "cannot be used"),
        (Says(status=302, headers={"Location": "/other"}), "answers 302 to /v1"),
        (Says(raw=b"[" + b"1," * 1000 + b"1]"), "more than 1000 bytes"),
    ],
)
def test_what_is_no_answer_is_told_without_the_token(
    says: Says, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web, "MOST", 1000)
    with ScriptedServer({"/v1": says, "/other": Says(1)}) as server:
        with pytest.raises(NoAnswer, match=why) as told:
            get(f"{server.url}/v1?token=hunter2")
        assert "hunter2" not in str(told.value)
        assert server.paths() == ["/v1"]


def test_a_proxy_of_the_environment_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    with ScriptedServer({"/v1": Says(1)}) as server:
        assert get(f"{server.url}/v1").data == 1
