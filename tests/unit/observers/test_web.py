"""The door for the webhook and what asks others over HTTP, on a real socket of this machine."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from kasugai.adapters import web as asked
from kasugai.adapters.web import Unanswered, Web
from kasugai.observers.alerts import AlertWatch
from kasugai.observers.asking import first_of
from kasugai.observers.receiver import LARGEST, CannotReceive, Receiver, receiving
from kasugai.observers.seen import NoOpinion

ALERT = (
    '{"version": "4", "alerts": [{"status": "firing", "labels": {"hostname": "cmp1"}, '
    '"startsAt": "t", "fingerprint": "f"}, {"status": "firing", "labels": {}, "startsAt": "t", "fingerprint": "g"}]}'
)


def run(work: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(work, 30))


async def send(url: str, body: bytes, method: str = "POST", **headers: str) -> tuple[int, Any]:
    async with (
        aiohttp.ClientSession() as session,
        session.request(method, url, data=BytesIO(body), headers=headers) as answer,
    ):
        return answer.status, await answer.json()


def test_who_shows_the_token_is_heard_and_nobody_else(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("good\n")

    async def story() -> None:
        watch = AlertWatch(lasts=60.0, now=lambda: 0.0)
        async with receiving(Receiver([watch], "hostname", str(file)), "127.0.0.1", 0, str(file)) as url:
            for shown in ("", "Bearer bad", "good", "Bearer good2", "Bearer gööd"):
                status, said = await send(url, ALERT.encode(), Authorization=shown)
                assert (status, "token" in said["error"]) == (401, True)
            assert await send(url, ALERT.encode(), Authorization="Bearer good") == (
                200,
                {"taken": 1, "without_host": 1},
            )
            file.write_text("new\n")
            assert (await send(url, ALERT.encode(), Authorization="Bearer good"))[0] == 401
            file.unlink()
            status, said = await send(url, ALERT.encode(), Authorization="Bearer new")
            assert status == 503 and str(file) not in said["error"]
        assert len(await watch.look({"cmp1"}, 0.0)) == 1

    run(story())


def test_what_is_no_message_is_told_so() -> None:
    async def story() -> None:
        watch = AlertWatch(lasts=60.0, now=lambda: 0.0)
        async with receiving(Receiver([watch], "hostname", ""), "127.0.0.1", 0, "") as url:
            assert (await send(url, b"{"))[0] == 400
            assert (await send(url, b"x" * (LARGEST + 1)))[0] == 413
            assert (await send(url, b"", "GET"))[0] == 405
            assert (await send(url + "/more", b""))[0] == 404
        assert not await watch.look({"cmp1"}, 0.0)

    run(story())


def test_beyond_loopback_a_token_is_needed_and_a_taken_port_is_named() -> None:
    receiver = Receiver([AlertWatch(lasts=60.0, now=lambda: 0.0)], "hostname", "")

    async def open_(bind: str, port: int) -> None:
        async with receiving(receiver, bind, port, ""):
            pass

    async def twice() -> None:
        async with receiving(receiver, "127.0.0.1", 0, "") as url:
            await open_("127.0.0.1", int(url.split(":")[2].split("/")[0]))

    with pytest.raises(CannotReceive, match="webhook_token_file"):
        run(open_("192.0.2.1", 0))
    with pytest.raises(CannotReceive, match="cannot be listened on"):
        run(twice())


Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def served(answer: Answer) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def test_an_answer_is_bounded_in_time_and_size_and_no_redirect_is_followed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(asked, "MOST", 1024)

    async def answer(request: web.Request) -> web.StreamResponse:
        match request.path:
            case "/large":
                return web.Response(body=b"x" * 1025)
            case "/slow":
                await asyncio.sleep(5)
                return web.Response()
            case "/elsewhere":
                raise web.HTTPFound("http://192.0.2.1/")
            case _:
                return web.json_response(
                    {"auth": request.headers.get("Authorization"), "q": request.query["q"]}
                )

    async def story() -> None:
        async with served(answer) as url, Web(1.0) as door:
            with pytest.raises(Unanswered, match="more than"):
                await door.get(f"{url}/large")
            with pytest.raises(Unanswered, match="within 1 s"):
                await door.get(f"{url}/slow")
            assert (await door.get(f"{url}/elsewhere")).status == 302
            assert (await door.get(f"{url}/", {"q": "up == 0"})).body == b'{"auth": null, "q": "up == 0"}'
            with pytest.raises(Unanswered, match="does not answer"):
                await door.get("http://127.0.0.1:1/")
            with pytest.raises(Unanswered, match=r"cannot be asked|does not answer"):
                await door.get(f"{url}/", ca_file="/nonexistent.pem")

    run(story())


def test_of_a_cluster_the_first_that_answers_is_believed() -> None:
    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(body=b"[]")

    async def unwell(_: web.Request) -> web.StreamResponse:
        return web.Response(status=500)

    async def story() -> None:
        async with served(answer) as well, served(unwell) as ill, Web(1.0) as door:
            nobody = "http://127.0.0.1:1"
            found = await first_of(
                door, [nobody, ill, f"{well}/"], "/api/v2/silences", token_file="", ca_file=""
            )
            assert found.body == b"[]"
            with pytest.raises(NoOpinion, match=r"127.0.0.1:1 does not answer.*answers 500"):
                await first_of(door, [nobody, ill], "/", token_file="", ca_file="")

    run(story())
