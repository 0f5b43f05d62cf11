"""A masakari.conf as four deployments write it is taken as it is: read, and asked with a real token of Keystone's."""

import gc
import json
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest

from kasugai.adapters.oslo_notifier import OsloNotifier
from kasugai.adapters.settings import load
from kasugai.adapters.settings.oslo import open_conf
from kasugai.api.environ import Environ, Wsgi
from kasugai.api.pipeline import around
from kasugai.api.readiness import Readiness, own_login
from kasugai.sim.http import CloudThread
from kasugai.sim.http.keystone import PASSWORD, PROJECT, USER
from kasugai.sim.http.server import HttpReply, HttpRequest
from tests.support.api_doors import call
from tests.support.clouds import furnish
from tests.support.memcached import Memcached, memcached

FOLDER = Path(__file__).resolve().parents[2] / "deployments"
NAMES = sorted(path.stem for path in FOLDER.glob("*.conf"))
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
"""memcached's clients have no end: their sockets are closed when nobody needs them any more."""

REGION = "sim"
ENCRYPTED = {"kolla-ansible", "openstack-ansible", "openstack-helm"}
OURS = "[kafka]\nbootstrap_servers = 127.0.0.1:1\n[redis]\nurl = redis://127.0.0.1:1/0\n"


@pytest.fixture
def cloud() -> Iterator[CloudThread]:
    with CloudThread(furnish) as running:
        yield running


@pytest.fixture
def cache() -> Iterator[Memcached]:
    with memcached() as server:
        yield server


@pytest.fixture(autouse=True)
def nothing_is_left() -> Iterator[None]:
    """What a test has left open is closed with it."""
    yield
    gc.collect()


def _everything(_: Environ, start_response: Any) -> Iterable[bytes]:
    """What stands behind the door is not looked at here."""
    start_response("200 OK", [])
    return [b"{}"]


class Site:
    """An API with that configuration."""

    def __init__(self, name: str, folder: Path, cloud: CloudThread, servers: str) -> None:
        words = {
            "KEYSTONE": f"{cloud.door.url}/identity",
            "MEMCACHED": servers,
            "CAFILE": "/etc/ssl/certs/ca-certificates.crt",
            "RegionOne": REGION,
            "= USER": f"= {USER}",
            "= PASSWORD": f"= {PASSWORD}",
        }
        text = (FOLDER / f"{name}.conf").read_text()
        for word, value in words.items():
            text = text.replace(word, value)
        (folder / "masakari.conf").write_text(text)
        (folder / "kasugai.conf").write_text(OURS)
        self.files = (str(folder / "masakari.conf"), str(folder / "kasugai.conf"))
        self.settings = load(self.files, "nova")
        self.conf = open_conf(self.files)
        self.wsgi: Wsgi = around(_everything, self.conf, self.settings.api)
        self._keystone = words["KEYSTONE"]

    def token(self) -> str:
        """Log in as a client does."""
        user = {"name": USER, "domain": {"name": "Default"}, "password": PASSWORD}
        scope = {"project": {"name": PROJECT, "domain": {"name": "Default"}}}
        auth = {"identity": {"methods": ["password"], "password": {"user": user}}, "scope": scope}
        asked = Request(
            f"{self._keystone}/v3/auth/tokens", json.dumps({"auth": auth}).encode(), method="POST"
        )
        with urlopen(asked, timeout=10) as answer:
            return str(answer.headers["X-Subject-Token"])

    def status(self, token: str) -> int:
        """Ask the API."""
        return call(self.wsgi, "GET", "/v1/segments", b"", {"X-Auth-Token": token}).status

    def readiness(self) -> Readiness:
        """Return the check by which /readyz vouches for the door."""
        return Readiness(self.wsgi, own_login(self.conf))


def test_there_is_one_of_each() -> None:
    assert NAMES == ["installation-guide", "kolla-ansible", "openstack-ansible", "openstack-helm"]


@pytest.mark.parametrize("name", NAMES)
def test_a_masakari_conf_is_taken_as_it_is(
    name: str, tmp_path: Path, cloud: CloudThread, cache: Memcached
) -> None:
    site = Site(name, tmp_path, cloud, cache.address)
    token = site.token()
    assert site.status(token) == 200
    assert cache.kept, "the token is not in the cache that the file names"
    is_open = any(token.encode() in data or b"is_domain" in data for _, data in cache.kept.values())
    assert is_open is (name not in ENCRYPTED)
    cloud.refuse()
    assert site.status(token) == 200, "the cache was not asked"
    assert site.status("nonsense") == 503
    cloud.accept()
    assert site.status("nonsense") == 401
    assert site.readiness().ask() == ""
    assert site.settings.nova.username == "nova"
    OsloNotifier.where_wanted(open_conf(site.files))


@pytest.mark.parametrize("name", NAMES)
def test_a_cache_that_is_away_costs_nobody_the_answer(name: str, tmp_path: Path, cloud: CloudThread) -> None:
    site = Site(name, tmp_path, cloud, "127.0.0.1:1")
    assert site.status(site.token()) == 200


def test_a_masakari_conf_logs_as_it_says(tmp_path: Path, cloud: CloudThread) -> None:
    site = Site("installation-guide", tmp_path, cloud, "127.0.0.1:1")
    code = (
        "import sys, logging; from kasugai.adapters.settings import load;"
        "from kasugai.adapters.telemetry.logs import set_up;"
        "files = sys.argv[1:]; set_up(files, load(files, 'nova')); logging.getLogger('kasugai').warning('heard')"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *site.files], capture_output=True, text=True, check=True, timeout=60
    )
    assert "heard" in done.stderr


GARBLED = [
    HttpReply(status=200, body={"token": "odd"}),
    HttpReply(status=200, body=["odd"]),
    HttpReply(status=200, body="<html>maintenance</html>"),
    HttpReply(status=403, body={}),
    HttpReply(status=500, body={}),
]


@pytest.mark.parametrize("reply", GARBLED)
def test_whatever_keystone_answers_no_client_sees_a_bug(
    tmp_path: Path, cloud: CloudThread, monkeypatch: pytest.MonkeyPatch, reply: HttpReply
) -> None:
    real = cloud.door.api.keystone.respond

    def respond(request: HttpRequest) -> HttpReply:
        return reply if request.path.endswith("/auth/tokens") else real(request)

    site = Site("installation-guide", tmp_path, cloud, "127.0.0.1:1")
    token, readiness = site.token(), site.readiness()
    monkeypatch.setattr(cloud.door.api.keystone, "respond", respond)
    assert site.status(token) in (401, 503)
    assert readiness.ask() and readiness.waits_for()
    monkeypatch.undo()
    assert site.status(token) == 200
    assert readiness.ask() == ""


def test_an_authorities_file_that_is_away_is_503_and_told_in_one_line(
    tmp_path: Path, cloud: CloudThread, caplog: pytest.LogCaptureFixture
) -> None:
    site = Site("installation-guide", tmp_path, cloud, "127.0.0.1:1")
    text = Path(site.files[0]).read_text()
    text = text.replace("/etc/ssl/certs/ca-certificates.crt", str(tmp_path / "gone.pem"))
    Path(site.files[0]).write_text(text.replace("http://", "https://"))
    wsgi = around(_everything, open_conf(site.files), site.settings.api)
    for _ in range(3):
        answer = call(wsgi, "GET", "/v1/segments", b"", {"X-Auth-Token": "any"})
        assert (answer.status, list(answer.body)) == (503, ["serviceUnavailable"])
    told = [record for record in caplog.records if record.name == "kasugai.api.asking"]
    assert len(told) == 1 and "gone.pem" in told[0].getMessage() and told[0].exc_info is None


def test_a_bug_behind_the_door_is_not_taken_for_keystone(tmp_path: Path, cloud: CloudThread) -> None:
    def broken(_: Environ, __: Any) -> Iterable[bytes]:
        raise RuntimeError("a bug")

    site = Site("installation-guide", tmp_path, cloud, "127.0.0.1:1")
    site.wsgi = around(broken, open_conf(site.files), site.settings.api)
    assert site.status(site.token()) == 500


def test_a_module_that_is_missing_is_red_in_readiness(
    tmp_path: Path, cloud: CloudThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As it was while memcached_servers needed a client that was not installed: 500 for all, and ready."""
    site = Site("installation-guide", tmp_path, cloud, "127.0.0.1:1")
    monkeypatch.setitem(sys.modules, "memcache", None)
    monkeypatch.delitem(sys.modules, "oslo_cache._memcache_pool", raising=False)
    monkeypatch.delattr("oslo_cache._memcache_pool", raising=False)
    readiness = site.readiness()
    assert "is answered 503" in readiness.ask()
