"""A deployment whose incidents are told to a scripted chat: the announcer and the REST API are processes."""

import asyncio
import json
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from kasugai.adapters.kafka.producer import Producer
from kasugai.adapters.kafka.reader import Place, Reader
from kasugai.adapters.settings import load
from kasugai.core.words.signals import Command
from kasugai.core.words.verdicts import Verdict
from kasugai.schemas.codec import decode
from kasugai.schemas.topics import COMMANDS, VERDICTS
from kasugai.sim.child import free_port
from kasugai.sim.http.keystone import PASSWORD, USER
from tests.support.announced import KEYS
from tests.support.api_process import Site, site
from tests.support.scripted_http import Asked, Says, ScriptedServer

RECEIVERS = """\
receivers:
  chat:
    preset: slack
    url: {url}/api/chat.postMessage
    token_file: {token}
    values: {{channel: C1}}
"""
SETTINGS = """\
[announce]
receivers_file = {folder}/receivers.yaml
links_key_file = {folder}/links.keys
address = http://127.0.0.1:{port}
[api]
port = {port}
"""
SECRET = "xoxb-s3cr3t"


@dataclass
class Told:
    """The deployment."""

    place: Site
    chat: ScriptedServer
    port: int
    """The REST API's."""
    config: Path

    def announce(self, name: str = "announce") -> None:
        """Start `kasugai announce`."""
        self.place.run("announce", name=name, config=self.config)

    def decide(self, *verdicts: Verdict) -> None:
        """Publish what correlate would."""
        asyncio.run(self._decide(verdicts))

    async def _decide(self, verdicts: tuple[Verdict, ...]) -> None:
        async with Producer(load([str(self.config)]).kafka, "test") as producer:
            for each in verdicts:
                await producer.send(VERDICTS, each)

    def token(self) -> str:
        """Return a token of the simulated Keystone."""
        user = {"name": USER, "password": PASSWORD, "domain": {"id": "default"}}
        identity = {"methods": ["password"], "password": {"user": user}}
        connection = HTTPConnection(urlsplit(self.place.cloud.door.url).netloc, timeout=30)
        with closing(connection):
            connection.request(
                "POST", "/identity/v3/auth/tokens", json.dumps({"auth": {"identity": identity}})
            )
            return str(connection.getresponse().headers["X-Subject-Token"])

    def messages(self, count: int, patience: float = 60.0) -> list[Any]:
        """Return the first messages that the chat has taken, once there are so many."""
        until = time.monotonic() + patience
        while len(self.chat.asked) < count:
            assert time.monotonic() < until, f"{len(self.chat.asked)} of {count} messages came"
            time.sleep(0.005)
        return [json.loads(asked.body) for asked in self.chat.asked[:count]]

    def commands(self) -> list[Command]:
        """Return all commands that Kafka has."""
        return asyncio.run(self._commands())

    async def _commands(self) -> list[Command]:
        found = []
        async with Reader(load([str(self.config)]).kafka, "test-commands") as reader:
            for partition in await reader.partitions(COMMANDS):
                start, end = await reader.bounds(COMMANDS, partition)
                await reader.assign([Place(COMMANDS, partition, start)])
                read = await reader.read_range(COMMANDS, partition, start, end)
                found += [decode(record.value or b"") for record in read.records]
        return [each for each in found if isinstance(each, Command)]


def link_of(message: Any) -> str:
    """Return the path of a message's first link."""
    (url,) = [
        element["url"]
        for block in message["blocks"]
        if block["type"] == "actions"
        for element in block["elements"]
    ]
    return "/" + str(url).split("/", 3)[3]


@contextmanager
def telling(folder: Path) -> Iterator[Told]:
    """Serve all but the announcer, on a Kafka and a Redis of its own."""

    def taken(_: Asked) -> Says:
        return Says({"ok": True, "ts": f"1.{len(chat.asked)}"})

    (folder / "links.keys").write_bytes(KEYS[0] + b"\n")
    (folder / "links.keys").chmod(0o640)
    (folder / "slack.token").write_text(SECRET + "\n")
    port = free_port()
    with ScriptedServer({"/api/chat.postMessage": taken}) as chat, site(folder, ["cmp1"]) as place:
        text = RECEIVERS.format(url=chat.url, token=folder / "slack.token")
        (folder / "receivers.yaml").write_text(text)
        config = folder / "told.conf"
        own = SETTINGS.format(folder=folder, port=port)
        config.write_text(place.write("keystone").read_text().replace("[api]\n", own))
        place.serve("api", config, port)
        yield Told(place, chat, port, config)
