"""Checks what [kafka], [redis] and [bridge] say about connections, and reads the passwords that stand in files.

Whatever is wrong is said by the `Wrong` that is given: it knows the option's place. No value is ever repeated.
"""

import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

from kasugai.adapters import bus_url
from kasugai.adapters.bus_url import BadBusUrl, Bus
from kasugai.adapters.redis_url import Address, BadUrl, Form, parse
from kasugai.adapters.settings.values import BridgeSettings, KafkaSettings, RedisSettings

Wrong = Callable[[str, str], Exception]
"""Takes an option and the reason and returns the error to raise."""


def kafka_of(values: dict[str, Any], wrong: Wrong) -> KafkaSettings:
    """Return the settings of [kafka]; raises what `wrong` makes."""
    _take_file(values, "sasl_password", wrong)
    kafka = KafkaSettings(**values)
    if kafka.security_protocol.startswith("SASL"):
        for name in ("sasl_username", "sasl_password"):
            if not getattr(kafka, name):
                raise wrong(name, f"is missing: security_protocol is {kafka.security_protocol}")
    elif kafka.sasl_username:
        raise wrong("security_protocol", "has no SASL, and sasl_username is set")
    _check_tls(kafka, kafka.security_protocol.endswith("SSL"), wrong, "security_protocol has no SSL")
    return kafka


def redis_of(values: dict[str, Any], wrong: Wrong) -> RedisSettings:
    """Return the settings of [redis]; raises what `wrong` makes."""
    _take_file(values, "password", wrong)
    _take_file(values, "sentinel_password", wrong)
    redis = RedisSettings(**values)
    try:
        address = parse(redis.url)
    except BadUrl as error:
        raise wrong("url", str(error)) from None
    _check_names(redis, address, wrong)
    _check_tls(redis, address.tls, wrong, "the url does not begin with rediss")
    return redis


def bridge_of(values: dict[str, Any], wrong: Wrong) -> BridgeSettings:
    """Return the settings of [bridge]; raises what `wrong` makes."""
    _take_file(values, "transport_url", wrong)
    url = values.pop("transport_url")
    values["topics"] = tuple(values["topics"])
    if not values["topics"]:
        raise wrong("topics", "is empty: there would be nothing to read")
    try:
        address = bus_url.parse(url, tls=values["tls"]) if url else None
    except BadBusUrl as error:
        raise wrong("transport_url", str(error)) from None
    if address is not None and address.bus is Bus.KAFKA and address.path:
        raise wrong(
            "transport_url",
            "has a path: Nova then writes to topics with that name behind a dot; add it there",
        )
    bridge = BridgeSettings(address=address, **values)
    _check_tls(bridge, bridge.tls, wrong, "tls is not")
    return bridge


def _check_names(redis: RedisSettings, address: Address, wrong: Wrong) -> None:
    for name in ("username", "password"):
        if getattr(redis, name) and getattr(address, name):
            raise wrong(name, "is set here and in the url: keep one of them")
    if redis.username and not (redis.password or address.password):
        raise wrong("password", "is missing: username is set")
    for name in ("sentinel_username", "sentinel_password"):
        if getattr(redis, name) and address.form is not Form.SENTINEL:
            raise wrong(name, "is set, and the url names no sentinels")


def _take_file(values: dict[str, Any], name: str, wrong: Wrong) -> None:
    """Put what stands in the file of a password into the password's place."""
    option = f"{name}_file"
    file = values.pop(option)
    if not file:
        return
    try:
        text = Path(file).read_text(encoding="utf-8")
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or "not text"
        raise wrong(option, f"names a file that cannot be read ({reason})") from None
    values[name] = text.strip("\r\n")
    if not values[name]:
        raise wrong(option, "names an empty file")


def _check_tls(
    settings: KafkaSettings | RedisSettings | BridgeSettings, tls: bool, wrong: Wrong, why_not: str
) -> None:
    """Load the files once, so that what is wrong with them is said here and not by each client in its own way."""
    for name in ("ssl_cafile", "ssl_certfile", "ssl_keyfile"):
        if getattr(settings, name) and not tls:
            raise wrong(name, f"is set, but {why_not}: nothing would be encrypted")
    if settings.ssl_certfile and not settings.ssl_keyfile:
        raise wrong("ssl_keyfile", "is missing: ssl_certfile is set (name the same file if it holds both)")
    if settings.ssl_keyfile and not settings.ssl_certfile:
        raise wrong("ssl_certfile", "is missing: ssl_keyfile is set")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if settings.ssl_cafile:
        _load("ssl_cafile", lambda: context.load_verify_locations(settings.ssl_cafile), wrong)
    if settings.ssl_certfile:
        chain = (settings.ssl_certfile, settings.ssl_keyfile)
        _load("ssl_certfile", lambda: context.load_cert_chain(*chain, password=_no_pass_phrase), wrong)


def _load(name: str, load: Callable[[], None], wrong: Wrong) -> None:
    try:
        load()
    except ssl.SSLError as error:
        raise wrong(name, f"cannot be used ({error.reason or 'no PEM, or not with this key'})") from None
    except (OSError, ValueError) as error:
        raise wrong(name, f"cannot be read ({getattr(error, 'strerror', None) or error})") from None


def _no_pass_phrase() -> str:
    """Refuse to be asked on the terminal for a key's pass phrase."""
    raise ValueError("the key has a pass phrase")
