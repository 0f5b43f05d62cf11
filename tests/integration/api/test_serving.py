"""`kasugai api` on a real Kafka and Redis: one truth over several processes, and what happens without either."""

import json
import re
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from kasugai.cli.exits import Exit
from kasugai.sim.child import Child, free_port
from tests.support.api_process import Site, answers, ask, site
from tests.support.workers import eventually

pytestmark = pytest.mark.integration

STOPPED = {"event": "STOPPED", "cluster_status": "OFFLINE", "host_status": "NORMAL"}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A Kafka, a Redis and a cloud."""
    with site(tmp_path_factory.mktemp("api"), [f"cmp{n}" for n in range(1, 40)]) as found:
        yield found


@pytest.fixture(scope="module")
def ports(place: Site) -> tuple[int, int]:
    """Two API processes."""
    return place.api("api-1", "noauth2"), place.api("api-2", "noauth2")


def post(port: int, path: str, body: object) -> tuple[int, Any]:
    status, data = ask(port, "POST", path, json.dumps(body))
    return status, json.loads(data)


def segment(port: int, name: str) -> str:
    body = {"segment": {"name": name, "recovery_method": "auto", "service_type": "COMPUTE"}}
    status, made = post(port, "/v1/segments", body)
    assert status == 201, made
    return str(made["segment"]["uuid"])


def host(port: int, of: str, name: str) -> tuple[int, Any]:
    body = {"host": {"name": name, "type": "COMPUTE", "control_attributes": "SSH"}}
    return post(port, f"/v1/segments/{of}/hosts", body)


def report(port: int, name: str) -> tuple[int, Any]:
    body = {
        "type": "COMPUTE_HOST",
        "hostname": name,
        "generated_time": "2026-11-22T07:31:18",
        "payload": STOPPED,
    }
    return post(port, "/v1/notifications", {"notification": body})


def is_ready(port: int) -> bool:
    try:
        return ask(port, "GET", "/readyz")[0] == 200
    except OSError:
        return False


def test_what_one_process_writes_the_other_reads_at_once(ports: tuple[int, int]) -> None:
    for number in range(5):
        one, other = ports if number % 2 else reversed(ports)
        uuid = segment(one, f"read-{number}")
        status, data = ask(other, "GET", f"/v1/segments/{uuid}")
        assert status == 200 and json.loads(data)["segment"]["name"] == f"read-{number}"


def test_a_name_is_given_once_by_many_writers(ports: tuple[int, int]) -> None:
    body = {"segment": {"name": "wanted", "recovery_method": "auto", "service_type": "COMPUTE"}}
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda n: post(ports[n % 2], "/v1/segments", body)[0], range(8)))
    assert sorted(answers) == [201] + [409] * 7
    numbers = [row["id"] for row in json.loads(ask(ports[0], "GET", "/v1/segments")[1])["segments"]]
    assert len(set(numbers)) == len(numbers)


def test_of_twenty_identical_notifications_on_two_processes_one_is_accepted(ports: tuple[int, int]) -> None:
    assert host(ports[0], segment(ports[0], "twenty"), "cmp20")[0] == 201
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda n: report(ports[n % 2], "cmp20"), range(20)))
    assert Counter(status for status, _ in answers) == {202: 1, 409: 19}
    (made,) = [body["notification"]["notification_uuid"] for status, body in answers if status == 202]
    assert all(made in body["conflictingRequest"]["message"] for status, body in answers if status == 409)


def test_an_unknown_compute_host_is_refused_by_nova(ports: tuple[int, int]) -> None:
    assert host(ports[0], segment(ports[0], "strangers"), "nowhere")[0] == 400


def test_without_redis_and_without_kafka_posts_are_503_and_leave_nothing(
    place: Site, ports: tuple[int, int]
) -> None:
    assert host(ports[0], segment(ports[0], "outage"), "cmp30")[0] == 201
    place.redis.pause()
    try:
        status, body = report(ports[0], "cmp30")
        assert (status, list(body)) == (503, ["serviceUnavailable"])
    finally:
        place.redis.resume()
    place.kafka.pause()
    try:
        status, body = report(ports[0], "cmp30")
        assert (status, list(body)) == (503, ["serviceUnavailable"])
    finally:
        place.kafka.resume()
    eventually(lambda: report(ports[0], "cmp30")[0] == 202)
    assert report(ports[1], "cmp30")[0] == 409
    for name in ("api-1", "api-2"):
        assert "sim-password" not in place.log(name) and "Traceback" not in place.log(name)


def test_several_workers_share_a_port_are_looked_at_each_and_end_together(place: Site) -> None:
    first = free_port()
    more = f"workers = 2\n[telemetry]\napi_port = {first}\n[api]\n"
    port = place.api("api-many", "noauth2", more)
    eventually(lambda: is_ready(first) and is_ready(first + 1))
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(lambda _: ask(port, "GET", "/v1/segments")[0], range(16))) == {200}
    texts = [ask(first + number, "GET", "/metrics")[1].decode() for number in range(2)]
    answered = [re.search(r'_requests_total{.*route="/v1/segments".*} (\S+)', text) for text in texts]
    assert sum(float(found[1]) for found in answered if found) == 16
    for number in range(2):
        assert re.search(rf'service_instance_id="\S+-{number + 1}"', texts[number])
    place.end("api-many")
    with pytest.raises(OSError, match="refused"):
        ask(port, "GET", "/healthcheck")


def test_workers_whose_port_is_taken_end_with_one_line_and_are_not_started_again(
    place: Site, ports: tuple[int, int]
) -> None:
    config = place.folder / "api-taken.conf"
    more = f"port = {free_port()}\nworkers = 2\n[telemetry]\napi_port = {ports[0]}\n[api]\n"
    config.write_text(place.write("noauth2").read_text().replace("[api]\n", f"[api]\n{more}"))
    child = place.run("api", name="api-taken", config=config)
    eventually(lambda: child.exit_code is not None)
    assert child.exit_code == Exit.USAGE
    log = place.log("api-taken")
    assert f"127.0.0.1:{ports[0]} cannot be listened on" in log and "Traceback" not in log


def test_noauth2_beyond_loopback_ends_with_one_line_unless_somebody_says_so(place: Site) -> None:
    """It is refused before anything listens."""
    config, said = place.folder / "api-open.conf", "listen = 0.0.0.0\n"
    text = place.write("noauth2").read_text().replace("listen = 127.0.0.1\n", said)
    config.write_text(text.replace("[api]\n", f"[api]\nport = {free_port()}\n"))
    child = place.run("api", name="api-open", config=config)
    eventually(lambda: child.exit_code is not None)
    assert child.exit_code == Exit.USAGE
    log = place.log("api-open")
    assert "[api] auth_strategy = noauth2 makes everyone admin who reaches 0.0.0.0" in log
    assert "Traceback" not in log
    port = place.api("api-told", "noauth2", "noauth2_anywhere = true\n")
    assert ask(port, "GET", "/v1/segments")[0] == 200
    assert "WARNING" in place.log("api-told") and "is admin, and may let hosts be fenced" in place.log(
        "api-told"
    )
    place.end("api-told")


def test_another_server_serves_the_application_and_logs_as_we_do(
    place: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """uWSGI and mod_wsgi import the entry point as waitress does here; two files, and one names what means nothing."""
    port, theirs = free_port(), place.folder / "masakari.conf"
    theirs.write_text("[taskflow]\nconnection = mysql://u:planted-secret@db/masakari\n")
    monkeypatch.setenv("KASUGAI_CONFIG_FILES", f"{theirs}:{place.write('noauth2')}")
    argv = [sys.executable, "-m", "waitress", "--host", "127.0.0.1", "--port", str(port)]
    child = Child([*argv, "kasugai.api.wsgi:application"], log=place.folder / "wsgi.log")
    child.start(lambda: answers(port))
    try:
        assert ask(port, "GET", f"/v1/segments/{segment(port, 'served')}")[0] == 200
        assert ask(port, "OPTIONS", "/v1/segments")[0] == 200
    finally:
        child.stop()
    log = place.log("wsgi")
    assert re.search(r"WARNING kasugai\.api\.process: .*\[taskflow\] connection", log), log
    assert "planted-secret" not in log and "sim-password" not in log and "Traceback" not in log


def test_an_outage_makes_a_process_unready(place: Site) -> None:
    telemetry = free_port()
    place.api("api-ready", "noauth2", f"[telemetry]\napi_port = {telemetry}\n[api]\n")
    eventually(lambda: is_ready(telemetry))
    place.redis.pause()
    try:
        assert not is_ready(telemetry)
    finally:
        place.redis.resume()
    eventually(lambda: is_ready(telemetry))
    place.end("api-ready")
