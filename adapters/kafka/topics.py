"""Makes the topics as their contracts say, and checks that a broker keeps them so; the start check of every process.

It asks and sets through the admin API; what is right and what differs is the business of layout.py.
"""

import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future
from typing import Any

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import (  # type: ignore[attr-defined]  # named in its documentation, not in __all__
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    ResourceType,
)
from confluent_kafka.cimpl import NewTopic

from kasugai.adapters.kafka.client import client_config
from kasugai.adapters.kafka.complaints import SHARED, reason
from kasugai.adapters.kafka.layout import Finding, Report, Wanted, compare, line_of, wanted, way_back
from kasugai.adapters.kafka.topic_ids import ids_of
from kasugai.adapters.settings.values import Settings
from kasugai.core.recovering.doors import LogAway

PATIENCE = 10.0
"""Seconds that the broker gets to answer at all, and that new topics get to be seen by all."""

GLANCE = 2.0
"""Seconds after which it is looked whether Kafka has refused us: then it is no use to wait."""

PATIENCE_WITH_SETTINGS = 3.0
"""Seconds that it gets to answer about settings; the mock cluster never does."""

SILENT = (KafkaError._TIMED_OUT, KafkaError.REQUEST_TIMED_OUT, KafkaError._UNSUPPORTED_FEATURE)
"""How a broker says that it cannot say: not at all, or that it does not know the request."""


class TopicsUnfit(Exception):
    """The broker's topics are not as the contracts say: a process must not start on them."""


class Topics:
    """The broker's topics, seen through its admin API. All calls block."""

    def __init__(
        self, settings: Settings, name: str = "kasugai-topics", *, patience: float = PATIENCE_WITH_SETTINGS
    ) -> None:
        """Connect when first asked; `patience` is for questions about settings."""
        self._patience = patience
        self.admin = AdminClient(client_config(settings.kafka, name))

    def check(self, wanted: Sequence[Wanted]) -> list[Report]:
        """Return what is right and what differs, in the order of `wanted`; LogAway when no broker answers."""
        present = self.present()
        found = self._settings([topic.name for topic in wanted if topic.name in present])
        return [
            compare(topic, present.get(topic.name), None if found is None else found.get(topic.name, {}))
            for topic in wanted
        ]

    def visible(self, wanted: Sequence[Wanted]) -> list[Report]:
        """Return what differs of those topics that this user may see, settings only where it may ask for them; LogAway
        when no broker answers."""
        present = self.present()
        seen = [topic for topic in wanted if topic.name in present]
        found = self._settings(
            [topic.name for topic in seen], forbidden=KafkaError.TOPIC_AUTHORIZATION_FAILED
        )
        return [compare(topic, present[topic.name], (found or {}).get(topic.name)) for topic in seen]

    def ids(self, names: Iterable[str]) -> dict[str, str]:
        """Return the topics' ids as far as the broker tells them."""
        return ids_of(self.admin, names, self._patience)

    def apply(self, wanted: Sequence[Wanted]) -> list[Report]:
        """Make what is missing, correct settings that differ, and return what a check finds then."""
        reports = self.check(wanted)
        missing = {report.topic for report in reports if report.is_missing}
        self._create([topic for topic in wanted if topic.name in missing])
        self._alter({report.topic: report.changes for report in reports if report.changes})
        return self._settled(wanted)

    def present(self) -> dict[str, tuple[int, int]]:
        """Return partitions and replicas by topic, of all topics that this user may see; LogAway."""
        until = time.monotonic() + PATIENCE
        while True:
            try:
                topics = self.admin.list_topics(timeout=GLANCE).topics
            except KafkaException as error:
                why = reason(error.args[0], self.admin)
                if SHARED.refused() or time.monotonic() >= until:
                    raise LogAway(why) from error
            else:
                return {name: _shape(about) for name, about in topics.items()}

    def _settings(
        self, names: Sequence[str], *, forbidden: int | None = None
    ) -> dict[str, dict[str, str]] | None:
        """Settings by topic, but for those with the answer `forbidden`; None when the broker cannot say."""
        resources = [ConfigResource(ResourceType.TOPIC, name) for name in names]
        if not resources:
            return {}
        asked = self.admin.describe_configs(resources, request_timeout=self._patience)
        found = {}
        for resource, answer in asked.items():
            try:
                found[resource.name] = {key: str(entry.value) for key, entry in answer.result().items()}
            except KafkaException as error:
                if error.args[0].code() in SILENT:
                    return None
                if error.args[0].code() == forbidden:
                    continue
                raise LogAway(f"{resource.name}: {error.args[0].str()}") from error
        return found

    def _create(self, topics: Sequence[Wanted]) -> None:
        new = [
            NewTopic(
                topic.name,
                num_partitions=topic.partitions,
                replication_factor=topic.replication,
                config=dict(topic.settings),
            )
            for topic in topics
        ]
        if new:
            _finish(self.admin.create_topics(new), KafkaError.TOPIC_ALREADY_EXISTS)

    def _settled(self, wanted: Sequence[Wanted]) -> list[Report]:
        """Check until what was made and set shows: brokers learn of it a moment after they have agreed to it."""
        until = time.monotonic() + PATIENCE
        while True:
            reports = self.check(wanted)
            if not any(report.is_missing or report.changes for report in reports) or time.monotonic() > until:
                return reports
            time.sleep(0.1)

    def _alter(self, changes: Mapping[str, Mapping[str, str]]) -> None:
        resources = [
            ConfigResource(
                ResourceType.TOPIC,
                name,
                incremental_configs=[
                    ConfigEntry(key, value, incremental_operation=AlterConfigOpType.SET)
                    for key, value in settings.items()
                ],
            )
            for name, settings in changes.items()
        ]
        if resources:
            _finish(self.admin.incremental_alter_configs(resources))


def require(settings: Settings, names: Iterable[str], *, demo: bool = False) -> None:
    """Raise TopicsUnfit unless the broker keeps these topics as their contracts say: the start check.

    LogAway when the broker does not say: one that is busy or has just come back is no reason to end for good. `demo`
    accepts it (librdkafka's mock cluster never says); it has no time of its own either.
    """
    topics = Topics(settings, patience=1.0 if demo else PATIENCE)  # a busy broker is no mock
    reports = topics.check(wanted(settings, names))
    silent = sum(report.finding is Finding.CANNOT_SAY for report in reports)
    bad = [line_of(report) for report in reports if report.finding not in (Finding.OK, Finding.CANNOT_SAY)]
    if bad:
        more = f" (and {len(bad) - 1} more)" if len(bad) > 1 else ""
        way = way_back(reports, settings.stream.partitions)
        raise TopicsUnfit(f"{bad[0]}{more}: {way or 'type kasugai topics check, then kasugai topics apply'}")
    if silent and not demo:
        raise LogAway(
            f"the broker does not say how it keeps {silent} of {len(reports)} topics (busy, or just started); "
            "should that last, type kasugai topics check"
        )


def _shape(about: Any) -> tuple[int, int]:
    replicas = {len(partition.replicas) for partition in about.partitions.values()}
    return len(about.partitions), min(replicas, default=0)


def _finish(answers: Mapping[Any, Future[Any]], harmless: int | None = None) -> None:
    for what, answer in answers.items():
        try:
            answer.result()
        except KafkaException as error:
            if error.args[0].code() != harmless:
                raise LogAway(f"{getattr(what, 'name', what)}: {error.args[0].str()}") from error
