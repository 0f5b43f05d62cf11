"""What an operator sees of the REST API: its answers by route and never by id, its claims, and who is asked where."""

from collections.abc import Callable, Iterator

import pytest
from opentelemetry.sdk.resources import Resource

from kasugai.adapters.settings import SettingError
from kasugai.adapters.settings.values import ApiSettings, KafkaSettings, Settings, StreamSettings
from kasugai.adapters.settings.values import TelemetrySettings as Telemetry
from kasugai.adapters.telemetry.api_metrics import ANSWERING, CLAIMS, REQUESTS
from kasugai.adapters.telemetry.serving import registry
from kasugai.api.serve import HIGHEST_PORT, main, settings_of_worker
from tests.support.api_doors import Api

Since = Callable[..., float]

STARTED = {
    "type": "COMPUTE_HOST",
    "hostname": "cmp1",
    "generated_time": "2026-11-22T07:31:18",
    "payload": {"event": "STARTED"},
}


@pytest.fixture
def since() -> Iterator[Since]:
    """How much a series has grown since the test began."""
    collected = registry(Resource.create({"service.name": "kasugai-test"}))

    def samples() -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
        return {
            (sample.name, frozenset(sample.labels.items())): sample.value
            for family in collected.collect()
            for sample in family.samples
        }

    before = samples()

    def grown(name: str, **labels: str) -> float:
        key = name, frozenset(labels.items())
        return samples().get(key, 0.0) - before.get(key, 0.0)

    yield grown


def test_answers_are_counted_by_template(api: Api, since: Since) -> None:
    segment = api.segment()["uuid"]
    for _ in range(3):
        api.get(f"/v1/{'a' * 32}/segments/{segment}")
    api.get("/v1/segments/nowhere")
    place = {"method": "GET", "route": "/v1/segments/{segment_id}"}
    assert since(REQUESTS.prometheus, status="200", **place) == 3
    assert since(REQUESTS.prometheus, status="404", **place) == 1
    assert since(ANSWERING.prometheus.replace("_bucket", "_count"), **place) == 4
    assert since(REQUESTS.prometheus, method="POST", route="/v1/segments", status="201") == 1


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", "/", ("GET", "/", "200")),
        ("GET", "/healthcheck", ("GET", "/healthcheck", "200")),
        ("GET", "/v1", ("GET", "/v1/", "200")),
        ("GET", "/kasugai/v1/incidents/b1c0", ("GET", "/kasugai/v1/incidents/{incident}", "404")),
        ("GET", "/v1/b1c0/nothing", ("GET", "none", "404")),
        ("GET", "/b1c0", ("GET", "none", "300")),
        ("PATCH", "/v1/segments", ("other", "/v1/segments", "404")),
    ],
)
def test_no_path_of_a_client_becomes_a_label(
    api: Api, since: Since, method: str, path: str, expected: tuple[str, str, str]
) -> None:
    api.ask(method, path)
    assert since(REQUESTS.prometheus, **dict(zip(("method", "route", "status"), expected, strict=True))) == 1


def test_claims_are_counted_by_what_became_of_them(api: Api, since: Since) -> None:
    api.host(api.segment()["uuid"])
    assert [api.post("/v1/notifications", {"notification": STARTED}).status for _ in range(3)] == [
        202,
        409,
        409,
    ]
    api.claims.is_away = True
    assert api.post("/v1/notifications", {"notification": STARTED}).status == 503
    assert [since(CLAIMS.prometheus, outcome=each) for each in ("taken", "refused", "unknown")] == [1, 2, 1]
    assert since(REQUESTS.prometheus, method="POST", route="/v1/notifications", status="409") == 2


def settings(port: int, workers: int = 3) -> Settings:
    return Settings(
        kafka=KafkaSettings(bootstrap_servers="k:1"),
        stream=StreamSettings(instance="a"),
        api=ApiSettings(workers=workers),
        telemetry=Telemetry(api_port=port),
    )


def test_each_of_several_workers_has_a_name_and_a_port_of_its_own() -> None:
    own = [settings_of_worker(settings(9475), number) for number in range(3)]
    assert [(each.stream.instance, each.telemetry.api_port) for each in own] == [
        ("a-1", 9475),
        ("a-2", 9476),
        ("a-3", 9477),
    ]
    assert settings_of_worker(settings(0), 2).telemetry.api_port == 0


def test_workers_for_whom_no_port_is_left_are_a_wrong_setting() -> None:
    with pytest.raises(SettingError, match="api_port"):
        main(settings(HIGHEST_PORT, workers=2), [])
