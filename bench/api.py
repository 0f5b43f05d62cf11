"""How fast the REST API says yes and no: `.venv/bin/python -m bench.api`.

One `kasugai api` process on a real Kafka and Redis, 20 client threads in this process, on the same machine. First 200
identical COMPUTE_HOST notifications (one is accepted), then the same for longer, then 1,000 distinct ones.
"""

import json
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import local
from urllib.parse import urlsplit

from kasugai.sim.http.keystone import PASSWORD, USER
from tests.support.api_process import Site, ask, site

THREADS = 20
TIME = "2026-11-22T07:31:18.329622"
PATH = "/v1/notifications"

Headers = dict[str, str]


def main() -> None:
    """Measure both ways of asking who somebody is."""
    with TemporaryDirectory(prefix="kasugai-bench-") as folder, site(Path(folder), ["cmp1", "cmp2"]) as place:
        for strategy in sys.argv[1:] or ["noauth2", "keystone"]:
            measure(place, strategy)


def measure(place: Site, strategy: str) -> None:
    """Print the rates of one strategy."""
    port = place.api(strategy, strategy)
    headers = {"Content-Type": "application/json"}
    if strategy == "keystone":
        headers["X-Auth-Token"] = token(place)
    host = f"cmp{1 if strategy == 'noauth2' else 2}"
    add(port, strategy, host, headers)
    run(port, headers, [stopped(host)] * THREADS)  # connections, caches, the token's validation
    same = stopped(host, "UNKNOWN")
    print(f"{strategy}: 200 identical:    {told(*run(port, headers, [same] * 200))}")
    print(f"{strategy}: 10,000 identical: {told(*run(port, headers, [same] * 10_000))}")
    distinct = [crashed(host, number) for number in range(1_000)]
    print(f"{strategy}: 1,000 distinct:   {told(*run(port, headers, distinct))}")


def stopped(host: str, status: str = "NORMAL") -> bytes:
    """Return a host notification."""
    return body(
        "COMPUTE_HOST", host, {"event": "STOPPED", "cluster_status": "OFFLINE", "host_status": status}
    )


def crashed(host: str, number: int) -> bytes:
    """Return an instance notification, another one for each number."""
    said = {"event": "LIFECYCLE", "vir_domain_event": "STOPPED_FAILED", "instance_uuid": f"{number:032x}"}
    return body("VM", host, said)


def body(kind: str, host: str, payload: dict[str, str]) -> bytes:
    """Return a notification's body."""
    said = {"type": kind, "hostname": host, "generated_time": TIME, "payload": payload}
    return json.dumps({"notification": said}).encode()


def add(port: int, name: str, host: str, headers: Headers) -> None:
    """Make a segment with one host."""
    given = {"segment": {"name": name, "recovery_method": "auto", "service_type": "COMPUTE"}}
    _, made = ask(port, "POST", "/v1/segments", json.dumps(given), **headers)
    uuid = json.loads(made)["segment"]["uuid"]
    one = {"host": {"name": host, "type": "COMPUTE", "control_attributes": "SSH"}}
    status, answer = ask(port, "POST", f"/v1/segments/{uuid}/hosts", json.dumps(one), **headers)
    assert status == 201, answer


def token(place: Site) -> str:
    """Return a token of the simulated Keystone."""
    domain = {"id": "default"}
    user = {"name": USER, "password": PASSWORD, "domain": domain}
    identity = {"methods": ["password"], "password": {"user": user}}
    connection = HTTPConnection(urlsplit(place.cloud.door.url).netloc)
    connection.request("POST", "/identity/v3/auth/tokens", json.dumps({"auth": {"identity": identity}}))
    return str(connection.getresponse().headers["X-Subject-Token"])


def run(port: int, headers: Headers, bodies: list[bytes]) -> tuple[Counter[int], float, list[float]]:
    """Send all from THREADS threads; return the statuses, the seconds in all, and each request's."""
    mine = local()

    def send(data: bytes) -> tuple[int, float]:
        if not hasattr(mine, "connection"):
            mine.connection = HTTPConnection("127.0.0.1", port)
        begun = time.perf_counter()
        mine.connection.request("POST", PATH, data, headers)
        answer = mine.connection.getresponse()
        answer.read()
        return answer.status, time.perf_counter() - begun

    with ThreadPoolExecutor(THREADS) as pool:
        begun = time.perf_counter()
        answers = list(pool.map(send, bodies))
        taken = time.perf_counter() - begun
    return Counter(status for status, _ in answers), taken, sorted(each for _, each in answers)


def told(statuses: Counter[int], taken: float, each: list[float]) -> str:
    """Return a line."""
    found = ", ".join(f"{count} x {status}" for status, count in sorted(statuses.items()))
    p50, p99 = (1000 * each[int(len(each) * share)] for share in (0.5, 0.99))
    return f"{len(each) / taken:,.0f} requests/s; {found}; p50 {p50:.1f} ms, p99 {p99:.1f} ms"


if __name__ == "__main__":
    main()
