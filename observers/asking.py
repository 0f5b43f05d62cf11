"""How queries and silences are fetched: over HTTP, a cluster's members one after another, secrets from files."""

from collections.abc import Sequence
from urllib.parse import urlsplit

from kasugai.adapters.web import Answer, Unanswered, Web
from kasugai.observers.prometheus import Reply
from kasugai.observers.queries import Ask, Query
from kasugai.observers.seen import NoOpinion


def asking(web: Web) -> Ask:
    """Return what asks Prometheus."""

    async def ask(query: Query) -> Reply:
        try:
            answer = await web.get(
                f"{query.url}/api/v1/query",
                {"query": query.query},
                token_file=query.token_file,
                ca_file=query.ca_file,
            )
        except Unanswered as why:
            raise NoOpinion(f"Prometheus at {urlsplit(query.url).netloc} {why}") from None
        return Reply(status=answer.status, headers=answer.headers, body=answer.body)

    return ask


async def first_of(web: Web, urls: Sequence[str], path: str, *, token_file: str, ca_file: str) -> Answer:
    """Return the answer of the first member that gives one with a good status; NoOpinion with all reasons."""
    whys: list[str] = []
    for url in urls:
        where = urlsplit(url).netloc
        try:
            answer = await web.get(url.rstrip("/") + path, token_file=token_file, ca_file=ca_file)
        except Unanswered as why:
            whys.append(f"{where} {why}")
            continue
        if answer.status == 200:
            return answer
        whys.append(f"{where} answers {answer.status}")
    raise NoOpinion(f"Alertmanager: {'; '.join(whys)}")
