"""Puts Keystone, Nova and the control routes behind one address."""

from kasugai.sim.cloud import SimCloud
from kasugai.sim.cloud.wire import Request
from kasugai.sim.http.control import Control
from kasugai.sim.http.glance import Glance
from kasugai.sim.http.keystone import PASSWORD, PROJECT, USER
from kasugai.sim.http.nova import NovaApi
from kasugai.sim.http.placement import PlacementApi
from kasugai.sim.http.server import HttpReply, HttpRequest, HttpServer

CLOUDS_YAML = """\
clouds:
  {name}:
    auth:
      auth_url: {url}/identity/v3
      username: {user}
      password: {password}
      project_name: {project}
      user_domain_name: Default
      project_domain_name: Default
    region_name: sim
    interface: internal
    identity_api_version: 3
"""


class HttpDoor:
    """A cloud's address."""

    def __init__(self, cloud: SimCloud, advertised: str = "") -> None:
        """Serve `cloud`; `listen` begins. `advertised`: how clients reach it, if not where it listens."""
        self._advertised = advertised
        self.cloud = cloud
        self.api = NovaApi(cloud, lambda: self.url)
        self.glance = Glance(cloud, self.api.keystone.accepts, lambda: self.url)
        self.placement = PlacementApi(cloud, self.api.keystone.accepts)
        self._control = Control(cloud, self.api)
        self._server = HttpServer(self._respond)

    @property
    def url(self) -> str:
        """The root URL, without a slash at its end."""
        return self._advertised or f"http://{self._server.host}:{self._server.port}"

    async def listen(self, host: str = "127.0.0.1", port: int = 0) -> None:
        """Begin to listen; port 0 takes a free one."""
        await self._server.listen(host, port)

    async def close(self) -> None:
        """Stop listening and cut all connections: clients are refused."""
        await self._server.close()

    async def reopen(self) -> None:
        """Listen again where it was."""
        await self._server.listen(self._server.host, self._server.port)

    def clouds_yaml(self, name: str = "sim") -> str:
        """Return a clouds.yaml for this cloud."""
        return CLOUDS_YAML.format(name=name, url=self.url, user=USER, password=PASSWORD, project=PROJECT)

    async def _respond(self, request: HttpRequest) -> HttpReply:
        match request.path.split("/")[1]:
            case "sim":
                return await self._control.respond(request)
            case "compute" if request.path.rstrip("/") == "/compute":
                return self.api.versions()
            case "compute":
                return await self.api.respond(request)
            case "placement":
                return await self.placement.respond(request)
            case "image":
                return await self.glance.respond(request)
            case "identity":
                if tags := await self.api.keystone.project_tags(request):
                    return tags
                reply = self.api.keystone.respond(request)
            case _:
                reply = HttpReply(status=404)
        self._note(request, reply)
        return reply

    def _note(self, request: HttpRequest, reply: HttpReply) -> None:
        now = self.cloud.world.now()
        self.cloud.wire.note(
            Request(
                t=now,
                method=request.method,
                path=request.path,
                action="token" if request.method == "POST" else "other",
                subject="keystone",
                arrived=now,
                status=reply.status,
            )
        )


async def serve(cloud: SimCloud, host: str = "127.0.0.1", port: int = 0, advertised: str = "") -> HttpDoor:
    """Serve the cloud in the running loop, which must be the one that drives it."""
    door = HttpDoor(cloud, advertised)
    await door.listen(host, port)
    return door
