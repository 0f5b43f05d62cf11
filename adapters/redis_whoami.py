"""As whom a Redis takes us, and whether that is somebody who may do everything: asked without any effect.

Who may read users' rights may also give them: so the answer to ACL GETUSER is the answer to the question.
"""

from redis.exceptions import NoPermissionError

from kasugai.adapters.redis_client import AnyRedis, connect
from kasugai.adapters.redis_scripts import answering
from kasugai.adapters.redis_url import parse
from kasugai.adapters.settings.values import RedisSettings

TIMEOUT = 2.0
"""Seconds for each question."""


async def may_do_everything(redis: RedisSettings) -> tuple[str, bool]:
    """Return our user's name there and whether it may administrate; LedgerAway when Redis does not answer."""
    client = connect(redis, timeout=TIMEOUT)
    try:
        async with answering(TIMEOUT):
            name = await _name(client)
            if name is None:
                return redis.username or parse(redis.url).username, False
            return name, await _may_read_users(client, name)
    finally:
        await client.aclose()


async def _name(client: AnyRedis) -> str | None:
    """Return our user's name; None where it may not even ask for that."""
    try:
        return str(await client.execute_command("ACL WHOAMI"))
    except NoPermissionError:
        return None


async def _may_read_users(client: AnyRedis, name: str) -> bool:
    try:
        await client.execute_command("ACL GETUSER", name)
    except NoPermissionError:
        return False
    return True
