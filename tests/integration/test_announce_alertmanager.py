"""What is told of an incident is one alert of a real Alertmanager, from the first word to the last."""

import asyncio
import json
from collections.abc import Sequence
from typing import Any
from urllib.request import urlopen

import pytest

from kasugai.adapters.wall import Wall
from kasugai.adapters.web import Web
from kasugai.announcers.notifier import Links, Notifier
from kasugai.announcers.receivers_file import parse_receivers
from kasugai.core.words.timing import Millis
from kasugai.core.words.verdicts import Verdict
from tests.support.alertmanager import AlertmanagerServer
from tests.support.announced import KEYS, NAMES, STORY, Memory, told_now
from tests.support.incidents import INCIDENT

pytestmark = pytest.mark.integration
HOUR = Millis(3_600_000)


def alerts(url: str) -> list[Any]:
    """Return the alerts that fire."""
    with urlopen(f"{url}/api/v2/alerts?active=true", timeout=10) as answer:
        found: list[Any] = json.load(answer)
    return found


async def tell(url: str, verdicts: Sequence[Verdict]) -> list[str]:
    """Tell an Alertmanager, and return what came of each."""
    (receiver,) = parse_receivers(
        "f", f"receivers: {{am: {{preset: alertmanager, url: '{url}/api/v2/alerts'}}}}"
    )
    ends: list[str] = []
    async with Web(10) as web:
        notifier = Notifier(
            receiver,
            sends=web,
            remembers=Memory(),
            segments=lambda: NAMES,
            now=Wall().now,
            expires=HOUR,
            links=Links(address="https://ha", keys=KEYS, lifetime=HOUR),
            told=lambda _, end: ends.append(end),
        )
        for each in verdicts:
            telling = await notifier.tell(each)
            assert telling is not None
            await notifier.remember(telling, await notifier.send(telling))
    return ends


def test_an_incident_is_one_alert_that_ends_with_it() -> None:
    opened, held, *_, closed = [told_now(each) for each in STORY]
    with AlertmanagerServer("http://127.0.0.1:1", "t") as server:
        assert asyncio.run(tell(server.url, [opened, held])) == ["told", "told"]
        (alert,) = alerts(server.url)
        assert alert["labels"] == {
            "alertname": "KasugaiIncident",
            "matter": str(INCIDENT),
            "hostname": "cmp1",
            "segment": "rack1",
            "kind": "host",
        }
        assert alert["annotations"]["summary"] == "cmp1 in rack1: held (no-fence-device)"
        assert asyncio.run(tell(server.url, [opened, closed])) == ["told", "told"]
        assert alerts(server.url) == []
