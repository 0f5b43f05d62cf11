"""Every form of a Redis address, and that what cannot be read is said without repeating any of it."""

import pytest

from kasugai.adapters.redis_blocking import connect_blocking
from kasugai.adapters.redis_client import connect
from kasugai.adapters.redis_url import Address, BadUrl, Form, parse
from kasugai.adapters.settings.values import RedisSettings

GOOD = {
    "redis://r": Address(form=Form.SERVER, nodes=(("r", 6379),)),
    "redis://r:7/3": Address(form=Form.SERVER, nodes=(("r", 7),), db=3),
    "redis://r?db=4": Address(form=Form.SERVER, nodes=(("r", 6379),), db=4),
    "redis://[::1]:7/3": Address(form=Form.SERVER, nodes=(("::1", 7),), db=3),
    "rediss://u:p%40%2F%3A@r/": Address(
        form=Form.SERVER, tls=True, nodes=(("r", 6379),), username="u", password="p@/:"
    ),
    "redis://:p@r": Address(form=Form.SERVER, nodes=(("r", 6379),), password="p"),
    "unix:///run/r.sock?db=2": Address(form=Form.SOCKET, path="/run/r.sock", db=2),
    "unix://u:p@/run/r.sock": Address(form=Form.SOCKET, path="/run/r.sock", username="u", password="p"),
    "redis+sentinel://a,b:7,[::1]/kasugai": Address(
        form=Form.SENTINEL, nodes=(("a", 26379), ("b", 7), ("::1", 26379)), service="kasugai"
    ),
    "rediss+sentinel://:p@a/kasugai/5": Address(
        form=Form.SENTINEL, tls=True, nodes=(("a", 26379),), service="kasugai", db=5, password="p"
    ),
    "redis+cluster://a:1,b/": Address(form=Form.CLUSTER, nodes=(("a", 1), ("b", 6379))),
    "rediss+cluster://a/0": Address(form=Form.CLUSTER, tls=True, nodes=(("a", 6379),)),
}

BAD = {
    "hush": "begins with none of redis://, rediss://, unix://, redis+sentinel://, ",
    "http://hush": "begins with none of ",
    "redis://": "names no host",
    "redis://:hush@": "names no host",
    "redis://hush@hush:hush": "has a port that is no number from 1 to 65535",
    "redis://hush:0": "has a port ",
    "redis://hush:65536": "has a port ",
    "redis://u:hush/hush@r:1/0": "has a port ",
    "redis://r/hush": "ends with a database that is no number",
    "redis://r?db=hush": "ends with a database that is no number",
    "redis://r?password=hush": "has more than db after its question mark",
    "redis://r1,hush": "names several servers",
    "unix://hush": "names no socket",
    "unix://hush/run/r.sock": "names no socket",
    "redis+sentinel://hush:1,r2:1": "names no service",
    "redis+sentinel://r/hush/hush": "ends with a database",
    "redis+sentinel://r1,,hush/s": "names no host",
    "redis+cluster://hush/1": "asks for a database that is not 0",
}


@pytest.mark.parametrize("url", GOOD)
def test_an_address_is_read_and_a_client_made_of_it_without_connecting(url: str) -> None:
    assert parse(url) == GOOD[url]
    connect(RedisSettings(url=url), timeout=1.0)


@pytest.mark.parametrize("url", BAD)
def test_what_cannot_be_read_is_said_and_not_repeated(url: str) -> None:
    with pytest.raises(BadUrl) as caught:
        parse(url)
    assert str(caught.value).startswith(BAD[url])
    assert "hush" not in str(caught.value)


def test_a_password_does_not_show() -> None:
    assert "hush" not in repr(parse("redis://u:hush@r"))


@pytest.mark.parametrize("url", [url for url, address in GOOD.items() if address.form is not Form.CLUSTER])
def test_no_client_repeats_waits_without_end_or_lets_an_address_choose_the_protocol(url: str) -> None:
    """redis-py repeats ten times, gives a blocking read 5 s whatever was asked, and takes `protocol=3` from a url."""
    settings = RedisSettings(url=url)
    for client in (
        connect(settings, timeout=1.5),
        connect_blocking(settings, timeout=1.5, connections=2, decode=False),
    ):
        options = client.connection_pool.connection_kwargs  # type: ignore[union-attr]
        assert (options["socket_timeout"], options["socket_connect_timeout"]) == (1.5, 1.5)
        assert options["retry"].get_retries() == 0
        assert options["protocol"] == 2


@pytest.mark.parametrize(
    "option", ["protocol=3", "socket_timeout=60", "retry_on_timeout=yes", "decode_responses=1"]
)
def test_an_address_has_no_options(option: str) -> None:
    with pytest.raises(BadUrl, match="options of their own"):
        parse(f"redis://r/0?{option}")
