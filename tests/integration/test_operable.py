"""What an operator sees of a whole recovery: health, metrics, one trace, telling log lines, alerts and panels.

The processes as a user starts them, on a real Kafka and Redis, a simulated Nova over HTTP, a tiny collector, and
Debian's Prometheus, which scrapes them and answers every query of the dashboard.
"""

import json
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

import pytest
from prometheus_client.parser import text_string_to_metric_families

from kasugai.adapters.telemetry.announce_metrics import ANNOUNCE
from kasugai.adapters.telemetry.bridge_metrics import BRIDGE
from kasugai.adapters.telemetry.catalogue import CATALOGUE, DEAD_LETTERS, EXITS, INCIDENTS, PROCESSES
from kasugai.adapters.telemetry.observer_metrics import OBSERVERS
from kasugai.adapters.telemetry.worker_metrics import EVACUATIONS, WINDOW
from kasugai.sim.child import Child, free_port
from kasugai.sim.cloud import QUICK, SimCloud
from kasugai.sim.http import CloudThread
from tests.support.api_process import ask
from tests.support.kafka import REPO, KafkaServer
from tests.support.otlp import Collector
from tests.support.prometheus import PrometheusServer
from tests.support.redis import RedisServer
from tests.support.settings_file import settings_for

pytestmark = [pytest.mark.integration, pytest.mark.timeout(180)]

GUESTS = 3
COMMANDS = {
    "route": ("route",),
    "liveness": ("liveness",),
    "correlate": ("correlate",),
    "worker_host": ("worker", "host"),
    "worker_instance": ("worker", "instance"),
    "worker_process": ("worker", "process"),
    "project": ("project",),
    "api": ("api",),
}
ELSEWHERE = frozenset((*OBSERVERS, BRIDGE, ANNOUNCE))
"""Who needs other systems: tests/integration/test_observers.py, bridge/, test_announce.py."""
DASHBOARD = json.loads((REPO / "deploy/grafana/dashboards/kasugai.json").read_text())
ALERTS = REPO / "deploy/prometheus/alerts.yml"
MORE = """\
[stream]
instance = one
[api]
auth_strategy = noauth2
listen = 127.0.0.1
port = {api}
[telemetry]
otlp_endpoint = {collector}
"""


@dataclass(slots=True)
class Site:
    """Everything that runs."""

    folder: Path
    collector: Collector
    ports: dict[str, int]
    api: int
    """Where the REST API answers."""

    def kasugai(self, *words: str) -> str:
        """Run a command as a user does."""
        command = [
            sys.executable,
            "-m",
            "kasugai.cli",
            *words,
            "--config-file",
            str(self.folder / "kasugai.conf"),
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def get(self, process: str, path: str) -> tuple[int, str]:
        """Ask a process."""
        try:
            with urlopen(f"http://127.0.0.1:{self.ports[process]}{path}", timeout=5) as answer:
                return answer.status, answer.read().decode()
        except HTTPError as error:
            with error:
                return error.code, error.read().decode()
        except (URLError, OSError) as error:
            return 0, str(error)

    def value(self, process: str, name: str, **labels: str) -> float:
        """Return the sum of a metric's samples that have these labels."""
        _, text = self.get(process, "/metrics")
        return sum(
            sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
            if sample.name == name and labels.items() <= sample.labels.items()
        )

    def log(self, process: str) -> str:
        """Return what a process has logged."""
        return (self.folder / f"{process}.log").read_text()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A host has died and has been recovered."""
    folder = tmp_path_factory.mktemp("operable")
    with ExitStack() as stack:
        kafka, redis = KafkaServer().start(), RedisServer().start()
        stack.callback(kafka.stop)
        stack.callback(redis.stop)
        collector = stack.enter_context(Collector())
        cloud = stack.enter_context(CloudThread(_build, pace=QUICK))
        (folder / "clouds.yaml").write_text(cloud.door.clouds_yaml())
        ports = {process: free_port() for process in COMMANDS}
        more = MORE.format(collector=collector.url, api=(api := free_port()))
        more += "".join(f"{process}_port = {port}\n" for process, port in ports.items())
        (folder / "kasugai.conf").write_text(
            settings_for(kafka=kafka.conf, redis=redis.url, clouds=folder / "clouds.yaml", more=more)
        )
        (folder / "rack1.yaml").write_text("name: rack1\narmed: yes\nhosts: [cmp1, cmp2, cmp3]\n")
        site = Site(folder, collector, ports, api)
        site.kasugai("topics", "apply")
        site.kasugai("segment", "apply", str(folder / "rack1.yaml"))
        for process, words in COMMANDS.items():
            stack.callback(_start(folder, process, words).kill)
        _until(lambda: all(site.get(process, "/readyz")[0] == 200 for process in COMMANDS), site)
        cloud.do(lambda cloud: cloud.hosts.power_off("cmp1"))
        site.kasugai("fault", "publish", "cmp1", "--fenced")
        _until(
            lambda: site.value("worker_host", "kasugai_recovery_attempts_total", outcome="recovered") == 1,
            site,
        )
        yield site


def _build(cloud: SimCloud) -> None:
    for host in ("cmp1", "cmp2", "cmp3"):
        cloud.add_host(host, has_device=False)
    for number in range(GUESTS):
        cloud.add_guest(f"web{number}", "cmp1")


def _start(folder: Path, process: str, words: tuple[str, ...]) -> Child:
    command = [sys.executable, "-m", "kasugai.cli", *words, "--config-file", str(folder / "kasugai.conf")]
    child = Child(command, log=folder / f"{process}.log")
    child.start(lambda: True)
    return child


def _until(so: Callable[[], bool], site: Site, within: float = 60.0) -> None:
    deadline = time.monotonic() + within
    while not so():
        if time.monotonic() > deadline:
            tails = (f"== {name} {site.get(name, '/readyz')}\n{site.log(name)[-800:]}" for name in COMMANDS)
            pytest.fail("\n".join(tails), pytrace=False)
        time.sleep(0.1)


def test_all_processes_run_here_or_elsewhere() -> None:
    assert {*COMMANDS} == {*PROCESSES} - ELSEWHERE


@pytest.mark.parametrize("process", COMMANDS)
def test_a_process_is_healthy_and_ready(site: Site, process: str) -> None:
    assert [site.get(process, path)[0] for path in ("/healthz", "/readyz", "/elsewhere")] == [200, 200, 404]


@pytest.mark.parametrize("process", COMMANDS)
def test_a_process_shows_what_the_catalogue_says_and_nothing_else(site: Site, process: str) -> None:
    _, text = site.get(process, "/metrics")
    shown = {
        sample.name: set(sample.labels) - {"le"}
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    known = {metric.prometheus: metric for metric in CATALOGUE if process in metric.shown_by}
    firsts = {name for name in shown if not name.endswith(("_sum", "_count", "_info", "_created"))}
    assert firsts <= set(known), f"not in the catalogue for {process}"
    assert all(shown[name] == set(known[name].label_names) for name in firsts)


def test_the_recovery_is_counted(site: Site) -> None:
    assert site.value("correlate", "kasugai_verdicts_total", verb="open", reason="asserted") == 1
    assert (
        site.value("worker_host", "kasugai_recovery_steps_total", action="evacuate", outcome="started")
        == GUESTS
    )
    assert (
        site.value("worker_host", "kasugai_recovery_steps_total", action="evacuate", outcome="done") == GUESTS
    )
    assert site.value("worker_host", "kasugai_recovery_first_effect_duration_seconds_count") == 1
    assert site.value("worker_host", "kasugai_recovery_takeover_duration_seconds_count") >= 1
    assert (
        site.value("worker_host", "kasugai_recovery_call_duration_seconds_count", action="evacuate") == GUESTS
    )
    assert site.value("correlate", "kasugai_incident_opening_duration_seconds_count") == 1
    assert site.value("route", "kasugai_fault_routing_duration_seconds_count") == 1
    assert site.value("route", "kasugai_consumer_records_total", topic="kasugai.faults.reported") == 1


def test_the_projector_says_how_things_stand(site: Site) -> None:
    _until(
        lambda: site.value("project", "kasugai_incidents_ended_total", kind="host", end="recovered") == 1,
        site,
    )
    _until(
        lambda: site.value("project", "kasugai_guests_back", hostname="cmp1", segment="rack1") == GUESTS, site
    )
    assert (
        site.value("project", "kasugai_guests_down") == 0 == site.value("project", "kasugai_incidents_open")
    )
    assert site.value("project", "kasugai_host_state", hostname="cmp1", state="out") == 1
    assert site.value("project", "kasugai_host_state", state="in-service") == 2
    assert site.value("project", "kasugai_host_protected", segment="rack1", reason="-") == 2
    for phase in ("detect", "decide", "fence", "move", "prove"):
        assert (
            site.value("project", "kasugai_recovery_phase_seconds_count", segment="rack1", phase=phase) == 1
        )
    assert site.value("project", "kasugai_recovery_seconds_sum", end="recovered") > 0
    assert site.value("project", "openstack_masakari_host", failover_segment_name="rack1") == 3
    assert site.value("project", "openstack_masakari_host_on_maintenance") == 1, "what the API shows of cmp1"
    assert site.value("project", "openstack_masakari_up") == 1


def test_the_apis_answers_are_counted(site: Site) -> None:
    said = {
        "type": "COMPUTE_HOST",
        "hostname": "cmp3",
        "generated_time": "2026-11-22T07:31:18",
        "payload": {
            "event": "STOPPED",
            "host_status": "UNKNOWN",
        },  # a suspicion stands, and so does its claim
    }
    body = json.dumps({"notification": said})
    assert [ask(site.api, "POST", "/v1/notifications", body)[0] for _ in range(2)] == [202, 409]
    for status in ("202", "409"):
        labels = {"method": "POST", "route": "/v1/notifications", "status": status}
        assert site.value("api", "kasugai_api_requests_total", **labels) == 1
    assert site.value("api", "kasugai_api_claims_total", outcome="refused") == 1
    over = json.dumps({"notification": said | {"payload": {"event": "STARTED"}}})
    assert ask(site.api, "POST", "/v1/notifications", over)[0] == 202, "nothing is held against it any more"


def test_everything_is_worked_off(site: Site) -> None:
    _until(lambda: all(site.value(process, "kasugai_consumer_lag") == 0 for process in COMMANDS), site)
    _until(lambda: site.value("correlate", "kasugai_incidents") == 0, site)
    assert site.value("worker_host", "kasugai_recovery_evacuations") == 0


def test_one_trace_runs_through_all_processes(site: Site) -> None:
    def names() -> set[tuple[str, str]]:
        trace = next((span.trace for span in site.collector.spans if span.name == "recover host"), "")
        return {(span.service, span.name) for span in site.collector.spans if span.trace == trace}

    wanted = {
        ("kasugai-cli", "publish fault"),
        ("kasugai-route", "route fault"),
        ("kasugai-correlate", "correlate open"),
        ("kasugai-worker-host", "recover host"),
        ("kasugai-worker-host", "force-down"),
        ("kasugai-worker-host", "evacuate"),
        ("kasugai-route", "route outcome"),
        ("kasugai-correlate", "correlate close"),
    }
    _until(lambda: wanted <= names(), site)
    parents = {span.span: span for span in site.collector.spans}
    recover = next(span for span in site.collector.spans if span.name == "recover host")
    assert parents[recover.parent].name == "correlate open"
    assert parents[parents[recover.parent].parent].name == "route fault"


def test_every_panel_shows_something_and_no_alert_fires(site: Site) -> None:
    queries = [target["expr"] for panel in DASHBOARD["panels"] for target in panel.get("targets", [])]
    hidden = {
        EXITS.prometheus,  # there is no $STATE_DIRECTORY here
        DEAD_LETTERS.prometheus,  # nothing was put aside
        EVACUATIONS.prometheus,  # only while it goes on
        WINDOW.prometheus,
        INCIDENTS.prometheus,
    }
    targets = {process: f"127.0.0.1:{port}" for process, port in site.ports.items()}
    with PrometheusServer(targets, ALERTS) as prometheus:
        prometheus.until(f"count(count_over_time(kasugai_process_ready[5m]) >= 3) == {len(COMMANDS)}")
        for query in queries:
            shown = prometheus.query(query.replace("$__rate_interval", "5m"))
            assert shown or set(re.findall(r"kasugai_\w+", query)) <= hidden, query
        assert prometheus.query('ALERTS{alertstate="firing", severity!="none"}') == []


def test_lines_tell_the_incident(site: Site) -> None:
    shown = json.loads(site.kasugai("incident", "list", "-o", "json"))
    assert "cmp1" in json.dumps(shown)
    (trace,) = {span.trace for span in site.collector.spans if span.name == "recover host"}
    assert re.search(
        r"INFO \S+ incident=\S+ host=cmp1 segment=\S+: open cmp1 \(asserted\)", site.log("correlate")
    )
    told = rf"INFO \S+ incident=\S+ host=cmp1 epoch=1 trace_id={trace} span_id=\S+: host-down/cmp1 recovered"
    assert re.search(told, site.log("worker_host"))
    for process in COMMANDS:
        assert "health and metrics at http://127.0.0.1" in site.log(process)
    assert "Traceback" not in "".join(site.log(process) for process in COMMANDS)
