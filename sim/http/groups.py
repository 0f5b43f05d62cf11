"""Server groups over HTTP. All are anti-affinity groups here, and each is of the project of its first member."""

from collections.abc import Mapping
from typing import Any

from kasugai.sim.cloud.model import Answer
from kasugai.sim.cloud.world import World
from kasugai.sim.http.render import Microversion
from kasugai.sim.http.server import HttpReply


def groups(world: World, query: Mapping[str, str], version: Microversion, most: int) -> Answer[HttpReply]:
    """Answer GET /os-server-groups: a page by offset and limit, of `most` at most."""
    first = int(query.get("offset", "0"))
    shown = sorted(world.groups)[first : first + min(int(query.get("limit", most)), most)]
    rows = [_group(world, name, version) for name in shown]
    return Answer(HttpReply(body={"server_groups": rows}), world.draw(world.pace.read))


def _group(world: World, name: str, version: Microversion) -> dict[str, Any]:
    """Return an anti-affinity group of /os-server-groups with those of its members that are not deleted."""
    members = [world.guests[uuid] for uuid in sorted(world.groups[name]) if not world.guests[uuid].deleted]
    body: dict[str, Any] = {
        "id": str(world.derive("group", name)),
        "name": name,
        "members": [guest.uuid for guest in members],
        "project_id": members[0].project if members else "demo",
        "user_id": "sim-user",
    }
    if version >= (2, 64):
        return body | {"policy": "anti-affinity", "rules": {}}
    return body | {"policies": ["anti-affinity"], "metadata": {}}
