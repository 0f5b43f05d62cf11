"""`kasugai observe` against a real Prometheus, a real Alertmanager and a real Kafka, and Nova over HTTP.

What runs is what an operator runs: the processes observe, route and correlate. Nobody recovers: what was decided is
read from the topics.
"""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from kasugai.adapters.kafka.reader import Reader
from kasugai.adapters.web import Unanswered, Web
from kasugai.core.words.signals import Fault, Symptom
from kasugai.core.words.silences import Silence
from kasugai.core.words.verdicts import Reason, Verb, Verdict
from kasugai.observers.asking import asking
from kasugai.observers.prometheus import read_answer
from kasugai.observers.queries import Query
from kasugai.observers.seen import NoOpinion
from kasugai.schemas.codec import decode
from kasugai.schemas.topics import METRICS, SERVICES, SILENCES, VERDICTS
from kasugai.sim.child import Child, free_port
from tests.support.alertmanager import AlertmanagerServer
from tests.support.kafka import KafkaServer
from tests.support.pipeline import Pipeline, Town
from tests.support.prometheus import PrometheusServer
from tests.support.redis import RedisServer

pytestmark = [pytest.mark.integration, pytest.mark.timeout(240)]

TOKEN = "a-token-of-tests"
COMMANDS = {
    "route": ("route",),
    "correlate-1": ("correlate",),
    "observe": ("observe", "nova", "metrics", "silences"),
}
WITHIN = 60.0


def until(what: Callable[[], bool], why: str) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + WITHIN
    while not what():
        assert time.monotonic() < deadline, f"not within {WITHIN:.0f} s: {why}"
        time.sleep(0.3)


def run_kasugai(*words: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    command = [sys.executable, "-m", "kasugai.cli", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


class Scene:
    """Everything, with cmp1 a target that Prometheus cannot scrape once its exporter has ended."""

    def __init__(self, stack: ExitStack, kafka: KafkaServer, redis: RedisServer, folder: Path) -> None:
        (folder / "exporter").mkdir()
        (folder / "exporter" / "metrics").write_text("node_time_seconds 1\n")
        server = ["-m", "http.server", "--bind", "127.0.0.1", "--directory", str(folder / "exporter")]
        self.exporter = Child(
            [sys.executable, *server, str(port := free_port())], log=folder / "exporter.log"
        )
        self.exporter.start(lambda: answers(port))
        stack.callback(self.exporter.stop)
        (folder / "rules.yml").write_text("groups: []\n")
        (folder / "webhook.token").write_text(TOKEN + "\n")
        self.webhook = free_port()
        self.prometheus = stack.enter_context(
            PrometheusServer({"cmp1": f"127.0.0.1:{port}"}, folder / "rules.yml")
        )
        self.alertmanager = stack.enter_context(
            AlertmanagerServer(f"http://127.0.0.1:{self.webhook}/alerts", TOKEN)
        )
        (folder / "queries.yaml").write_text(QUERIES.format(url=self.prometheus.url))
        more = CONFIG.format(folder=folder, webhook=self.webhook, alertmanager=self.alertmanager.url)
        town = Town(racks={"rack1": ("cmp1", "cmp2", "cmp3")}, failing=("cmp1",), guests=1)
        pipeline = Pipeline(kafka, redis, folder, town, commands=COMMANDS, config=more)
        self.pipeline = stack.enter_context(pipeline)
        self.log = folder / "observe.log"

    def values(self, topic: str) -> list[object]:
        """Return all records of a topic, partition by partition."""

        async def read() -> list[object]:
            async with Reader(self.pipeline.settings.kafka, "test-observers") as reader:
                ranges = [await reader.read_range(topic, p, 0) for p in await reader.partitions(topic)]
            return [decode(record.value or b"") for each in ranges for record in each.records]

        return asyncio.run(read())

    def said(self, topic: str) -> list[tuple[str, Symptom]]:
        """Return who of observers said what on a topic of faults."""
        return [(each.observer, each.symptom) for each in self.values(topic) if isinstance(each, Fault)]

    def decided(self, verb: Verb, reason: Reason) -> bool:
        """Whether correlate said so of cmp1."""
        return any(
            isinstance(each, Verdict)
            and (each.verb, each.reason, each.subject.host) == (verb, reason, "cmp1")
            for each in self.values(VERDICTS)
        )

    def post(self, body: bytes, token: str = TOKEN) -> tuple[int, str]:
        """Send something to the webhook."""
        request = Request(
            f"http://127.0.0.1:{self.webhook}/alerts", body, {"Authorization": f"Bearer {token}"}
        )
        try:
            with urlopen(request, timeout=10) as answer:
                return answer.status, answer.read().decode()
        except HTTPError as error:
            with error:
                return error.code, error.read().decode()


QUERIES = """\
queries:
  - name: exporter-silent
    url: {url}
    query: up{{job="kasugai"}} == 0
    label: process
    for: 2s
    means: down
"""
CONFIG = """
[observe]
interval = 1000
queries_file = {folder}/queries.yaml
webhook_port = {webhook}
webhook_token_file = {folder}/webhook.token
alertmanager_urls = {alertmanager}
"""


def answers(port: int) -> bool:
    """Whether a server listens."""
    try:
        with urlopen(f"http://127.0.0.1:{port}/", timeout=1) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


@pytest.fixture
def scene(own_kafka: KafkaServer, redis_server: RedisServer, tmp_path: Path) -> Iterator[Scene]:
    """Everything is up."""
    with ExitStack() as stack:
        yield Scene(stack, own_kafka, redis_server, tmp_path)


def test_a_silenced_host_dies_and_is_recovered_when_its_silence_is_expired(scene: Scene) -> None:
    silence = scene.alertmanager.silence({"name": "hostname", "value": "cmp1"})
    until(lambda: any(isinstance(v, Silence) and v.until for v in scene.values(SILENCES)), "the silence")
    until(lambda: bool(scene.prometheus.query("up == 1")), "the first scrape")

    scene.exporter.kill()
    scene.pipeline.cloud.do(lambda cloud: cloud.hosts.power_off("cmp1"))
    until(lambda: ("os-services", Symptom.DOWN) in scene.said(SERVICES), "Nova's record is old")
    until(lambda: ("query/exporter-silent", Symptom.DOWN) in scene.said(METRICS), "the query names it")
    until(lambda: scene.decided(Verb.HOLD, Reason.SILENCED), "both agree, and it is silenced")
    assert not scene.decided(Verb.OPEN, Reason.CONFIRMED)

    scene.alertmanager.expire(silence)
    until(lambda: scene.decided(Verb.OPEN, Reason.CONFIRMED), "the silence is over")
    assert scene.pipeline.dead_letters() == {}


def test_alerts_and_rubbish_at_the_webhook(scene: Scene) -> None:
    until(lambda: answers_somehow(scene), "the webhook's door")
    scene.alertmanager.alert({"alertname": "HostSilent", "hostname": "cmp2"})
    scene.alertmanager.alert({"alertname": "HostSilent", "hostname": "stranger"})
    until(lambda: ("alertmanager", Symptom.DOWN) in scene.said(METRICS), "the alert fires")
    scene.alertmanager.alert({"alertname": "HostSilent", "hostname": "cmp2"}, ends=True)
    until(lambda: ("alertmanager", Symptom.CLEAR) in scene.said(METRICS), "the alert is resolved")
    assert {v.host for v in scene.values(METRICS) if isinstance(v, Fault)} == {"cmp2"}

    assert scene.post(b"{}", token="wrong")[0] == 401
    for body in (b"", b"\x00\xff", b"[[[[", json.dumps({"version": "4", "alerts": [5]}).encode()):
        status, text = scene.post(body)
        assert (status, bool(json.loads(text)["error"])) == (400, True)
    assert scene.post(b"x" * (5 * 1024 * 1024))[0] == 413
    assert scene.post(json.dumps({"version": "4", "alerts": []}).encode())[0] == 200


def answers_somehow(scene: Scene) -> bool:
    """Whether the webhook's door is open."""
    try:
        return scene.post(b"{}")[0] == 400
    except OSError:
        return False


def test_a_prometheus_that_is_down_has_no_opinion_and_check_says_so(scene: Scene) -> None:
    config = str(scene.pipeline.config)
    well = run_kasugai("observe", "check", "nova", "metrics", "silences", "--config-file", config)
    assert well.returncode == 0, well.stderr
    assert "os-services: calls nobody down of 3 hosts" in well.stdout
    assert "silences: nobody is set aside" in well.stdout
    scene.prometheus.stop()
    blind = run_kasugai("observe", "check", "metrics", "--config-file", config)
    assert blind.returncode == 1
    assert "query/exporter-silent: no opinion: Prometheus at 127.0.0.1:" in blind.stdout
    until(lambda: "query/exporter-silent has no opinion" in scene.log.read_text(), "it is told")
    assert not [word for word in scene.said(METRICS) if word[0] == "query/exporter-silent"]


def test_what_a_real_prometheus_answers_is_understood(tmp_path: Path) -> None:
    (tmp_path / "rules.yml").write_text("groups: []\n")
    with PrometheusServer({}, tmp_path / "rules.yml") as server:

        async def ask(text: str) -> object:
            query = Query(name="q", url=server.url, query=text, label="hostname", lasts=0)
            async with Web(5.0) as web:
                return read_answer(await asking(web)(query), "hostname")

        found = asyncio.run(ask('label_replace(vector(1), "hostname", "cmp1", "", "")'))
        assert getattr(found, "hosts", None) == {"cmp1"}
        for text, why in (
            ("up ==", "answers 400: .*parse error"),
            ("1", "gives a scalar"),
            ("up[1m]", "gives a matrix"),
        ):
            with pytest.raises(NoOpinion, match=why):
                asyncio.run(ask(text))


def test_a_token_that_cannot_be_read_is_named_by_its_file_alone(tmp_path: Path) -> None:
    async def ask(file: str) -> None:
        async with Web(1.0) as web:
            await web.get("http://127.0.0.1:1/", token_file=file)

    (tmp_path / "token").write_text("two words SECRET")
    for file, why in (
        (str(tmp_path / "none"), "cannot be read"),
        (str(tmp_path / "token"), "holds no token"),
    ):
        with pytest.raises(Unanswered, match=why) as caught:
            asyncio.run(ask(file))
        assert "SECRET" not in str(caught.value)
