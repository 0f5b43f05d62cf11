"""Keystone's API on the simulated cloud, as far as a policy asks it: the tags of projects."""

from kasugai.sim.cloud.model import Answer, Refused
from kasugai.sim.cloud.world import World


class Identity:
    """The API, without tokens."""

    def __init__(self, world: World) -> None:
        """Serve `world`."""
        self._world = world

    def list_project_tags(self, project: str) -> Answer[tuple[str, ...]]:
        """GET /v3/projects/ID/tags: 403 without the right, 404 for an unknown project."""
        if self._world.hides_project_tags:
            right = "identity:list_project_tags"
            raise Refused(403, f"You are not authorized to perform the requested action: {right}.")
        tags = self._world.projects.get(project, ())
        if tags is None:
            raise Refused(404, f"Could not find project: {project}.")
        return Answer(tags, self._world.draw(self._world.pace.read))
