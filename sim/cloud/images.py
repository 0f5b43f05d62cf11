"""Glance's API on the simulated cloud, as far as a policy asks it: what images say of their guests."""

from kasugai.sim.cloud.model import Answer, Image, Refused
from kasugai.sim.cloud.world import World


class Images:
    """The API, without tokens."""

    def __init__(self, world: World) -> None:
        """Serve `world`."""
        self._world = world

    def show_image(self, image: str) -> Answer[Image]:
        """GET /v2/images/ID: 404 for an unknown image, which is how Glance hides others' too."""
        found = self._world.images.get(image)
        if found is None:
            raise Refused(404, f"Failed to find image {image}")
        return Answer(found, self._world.draw(self._world.pace.read))
