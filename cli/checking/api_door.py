"""Whether the REST API serves its version document here, and calls itself ready."""

import asyncio
import json
from collections.abc import Iterator

from kasugai.adapters.settings import Settings
from kasugai.adapters.web import Answer, Unanswered, Web
from kasugai.cli.checking.finding import Finding, Word

PART = "api"
PATIENCE = 5.0
EVERYWHERE = ("0.0.0.0", "::", "")
"""Where it listens on all addresses it is asked on this machine's own."""
LOGS = "journalctl -u kasugai-api"


def api_door(settings: Settings) -> Iterator[Finding]:
    """Yield what the version document and the readiness say. Where nobody answers, the API runs elsewhere or not at
    all: only whoever set it up knows."""
    host = "127.0.0.1" if settings.api.listen in EVERYWHERE else settings.api.listen
    url = f"http://{_in_url(host)}:{settings.api.port}/"
    try:
        answer = asyncio.run(_get(url))
    except Unanswered:
        said = f"nobody answers on {url}: does the API run here? type: systemctl status kasugai-api"
        yield Finding(PART, Word.UNASKED, said)
        return
    yield of_versions(url, answer)
    port = settings.telemetry.port("api")
    if port:
        yield from _readiness(f"http://{_in_url(settings.telemetry.bind)}:{port}/readyz")
    else:
        yield Finding(PART, Word.UNASKED, "whether it is ready: set [telemetry] api_port")


async def _get(url: str) -> Answer:
    async with Web(PATIENCE) as web:
        return await web.get(url)


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def of_versions(url: str, answer: Answer) -> Finding:
    """Return whether it is Masakari's list of versions, which needs no token."""
    try:
        versions = json.loads(answer.body)["versions"]
        newest = max(str(each["version"]) for each in versions)
    except (LookupError, TypeError, ValueError):
        said = f"{url} answers {answer.status}, and not with Masakari's versions: is it our API? type: curl -i {url}"
        return Finding(PART, Word.NO, said)
    return Finding(PART, Word.OK, f"{url} shows its versions, up to {newest}")


def _readiness(url: str) -> Iterator[Finding]:
    try:
        answer = asyncio.run(_get(url))
    except Unanswered as error:
        yield Finding(PART, Word.NO, f"{url} {error}: it serves, and nobody knows how it is; type: {LOGS}")
        return
    yield of_readiness(url, answer)


def of_readiness(url: str, answer: Answer) -> Finding:
    """Return whether it admits clients, or what it waits for."""
    if answer.status == 200:
        return Finding(PART, Word.OK, "it is ready: it knows the inventory, and admits who has a token")
    why = " ".join(answer.body.decode(errors="replace").split())
    return Finding(PART, Word.NO, f"it is not ready: {why[:300]}; type: curl {url}, {LOGS}")
