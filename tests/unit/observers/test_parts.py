"""What a process is made of by its words, and what it says when it cannot observe as it is set up."""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from kasugai.adapters.settings.values import (
    KafkaSettings,
    NovaSettings,
    ObserveSettings,
    PowerSettings,
    Settings,
)
from kasugai.adapters.telemetry.observer_metrics import OBSERVERS
from kasugai.cli.observe import WORDS
from kasugai.core.words.signals import Source
from kasugai.observers.checking import configured
from kasugai.observers.parts import TOPICS, Parts, Unfit, Word, open_parts
from kasugai.schemas.rights import PRINCIPALS, writes
from kasugai.schemas.topics import SILENCES, contracts

QUERIES = """
queries:
  - {name: silent, url: "http://p", query: up == 0, label: hostname, for: 30s, means: down}
"""


def settings(folder: Path, **observe: object) -> Settings:
    return Settings(
        kafka=KafkaSettings(bootstrap_servers="nobody:1"),
        power=PowerSettings(devices_file=""),
        observe=ObserveSettings(**({"queries_file": str(folder / "queries.yaml")} | observe)),  # type: ignore[arg-type]
    )


def opened(of: Settings, word: Word, look: Callable[[Parts], object]) -> object:
    """Open what a word needs, look at it, and close it."""

    async def story() -> object:
        async with AsyncExitStack() as stack:
            return look(await open_parts(stack, of, [word], listens=False))

    return asyncio.run(story())


def test_the_command_line_the_catalogue_and_the_logins_know_the_same_words() -> None:
    assert tuple(Word) == WORDS
    assert tuple(f"observe_{word}" for word in Word) == OBSERVERS
    written = {p.role: writes(p) for p in PRINCIPALS if p.role.startswith("observe-")}
    assert written == {f"observe-{word}": [TOPICS.get(word, SILENCES)] for word in Word}


def test_one_login_is_one_kind_of_witness() -> None:
    assert {
        word: {saying.source for saying in contracts()[topic].says} for word, topic in TOPICS.items()
    } == {Word.NOVA: {Source.NOVA}, Word.POWER: {Source.POWER}, Word.METRICS: {Source.METRICS}}


def test_queries_and_the_webhook_are_watches_of_one_kind(tmp_path: Path) -> None:
    (tmp_path / "queries.yaml").write_text(QUERIES)

    def look(parts: Parts) -> list[tuple[str, Source]]:
        return [(watch.name, watch.source) for watch in parts.watches[Word.METRICS]]

    found = opened(settings(tmp_path, webhook_port=9494), Word.METRICS, look)
    names = ("query/silent", "alertmanager", "alertmanager/degraded")
    assert found == [(name, Source.METRICS) for name in names]


@pytest.mark.parametrize(
    ("word", "why"),
    [
        (Word.POWER, "no power devices are described"),
        (Word.METRICS, "has no queries and .* webhook_port is 0"),
        (Word.SILENCES, "alertmanager_urls is empty"),
    ],
)
def test_who_has_nothing_to_observe_says_what_to_write(tmp_path: Path, word: Word, why: str) -> None:
    with pytest.raises(Unfit, match=why):
        opened(settings(tmp_path), word, lambda parts: parts)


def test_a_file_that_is_wrong_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "queries.yaml").write_text(QUERIES.replace("means: down", "means: alive"))
    with pytest.raises(Unfit, match=r"queries.yaml: query 1: means"):
        opened(settings(tmp_path), Word.METRICS, lambda parts: parts)


def test_check_asks_those_that_the_settings_speak_of(tmp_path: Path) -> None:
    assert configured(settings(tmp_path)) == [Word.METRICS]
    full = Settings(
        kafka=KafkaSettings(bootstrap_servers="nobody:1"),
        nova=NovaSettings(cloud="sim"),
        power=PowerSettings(devices_file="power.yaml"),
        observe=ObserveSettings(alertmanager_urls=("http://a",)),
    )
    assert configured(full) == list(Word)
