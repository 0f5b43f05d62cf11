"""What sends messages, on real sockets: over TLS to whom the authorities know, once, and without a word of the url."""

import asyncio
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from kasugai.adapters.web import Answer, Unanswered, Web
from tests.support.certificates import Certificates, issue
from tests.support.scripted_http import Says, ScriptedServer

SECRET = "T0-s3cr3t"
PATH = f"/hooks/{SECRET}"


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return issue(tmp_path_factory.mktemp("ca"))


@pytest.fixture
def server(certificates: Certificates) -> Iterator[ScriptedServer]:
    with ScriptedServer({PATH: Says({"ok": True})}, certificates=certificates) as found:
        yield found


def send(
    url: str, *, ca_file: str = "", proxy: str = "", seconds: float = 5.0, method: str = "POST"
) -> Answer:
    async def once() -> Answer:
        async with Web(seconds) as web:
            return await web.send(method, url, b'{"x": 1}', {"A": "b"}, ca_file=ca_file, proxy=proxy)

    return asyncio.run(asyncio.wait_for(once(), 30))


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_a_message_goes_over_tls_with_its_body_and_headers(
    server: ScriptedServer, certificates: Certificates, method: str
) -> None:
    answer = send(server.url + PATH, ca_file=certificates.ca, method=method)
    assert answer.status == 200 and b"ok" in answer.body
    (asked,) = server.asked
    assert (asked.method, asked.path, asked.body, asked.headers["A"]) == (method, PATH, b'{"x": 1}', "b")


def test_an_answer_is_an_answer_whatever_it_says_and_a_redirect_is_followed_nowhere(
    server: ScriptedServer, certificates: Certificates
) -> None:
    server.answers[PATH] = Says(status=307, headers={"Location": "/elsewhere"})
    assert send(server.url + PATH, ca_file=certificates.ca).status == 307
    assert server.paths() == [PATH]


def test_what_does_not_come_back_tells_nothing_of_the_url(server: ScriptedServer, tmp_path: Path) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        refused = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        gone = str(tmp_path / "gone.pem")
        for url, ca_file, proxy in (
            (server.url, "", ""),  # an authority that nobody knows
            (refused, "", ""),
            ("http://127.0.0.1:1", "", refused),
            ("https://nowhere.invalid", "", ""),
            ("https://[::1", "", ""),
            ("no-scheme", "", ""),
            (server.url, gone, ""),
        ):
            with pytest.raises(Unanswered) as raised:
                send(url + PATH, ca_file=ca_file, proxy=proxy)
            assert SECRET not in str(raised.value) and "\n" not in str(raised.value)
    assert server.asked == []
