"""Where the stack is: its folder, the addresses of its services, its hosts and users. It starts nothing."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from kasugai.sim.child import free_port
from tests.support import scenes

REPO = Path(__file__).resolve().parents[2]
VENV = REPO / ".venv-acceptance"
"""Where `make acceptance` installs requirements/acceptance.txt."""
INSIDE = REPO / "acceptance" / "inside"
REGION = "RegionOne"
PASSWORD = "acceptance"
"""Of every user here: nobody but this machine reaches them."""
HOSTS = (*scenes.HOSTS, "cmp3")
"""Those of the port's suite, two with one short name and two that differ in case only, and one more."""
SYNC_INTERVAL = 15
"""Nova's [DEFAULT] sync_power_state_interval in seconds: how often a nova-compute compares its guests with their
records. Its default is ten minutes; libvirt tells of a guest's end besides, and Nova's fake driver does not."""
REPORT_INTERVAL, DOWN_AFTER = 2, 30
"""Nova's [DEFAULT] report_interval and service_down_time in seconds. A tenth and half of its defaults: short enough to
wait for, and no busy machine makes a living nova-compute look dead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A user of Keystone, and the role that he has in his project."""

    name: str
    project: str
    role: str


ADMIN = User(name="admin", project="admin", role="admin")
SERVICE = User(name="service", project="service", role="admin")
"""Whom Nova and Placement are to one another, and who asks Keystone about tokens."""
KASUGAI = User(name="kasugai", project="service", role="kasugai")
"""Who has the rights of deploy/openstack/ and no others."""
KASUGAI_AS_ADMIN = User(name=KASUGAI.name, project=ADMIN.project, role="admin")
"""The same user in another project, as an administrator: for Nova whoever stops a guest so is Kasugai."""
TENANT = User(name="tenant", project="tenant", role="member")
"""Whose the guests are."""
USERS = (SERVICE, KASUGAI, KASUGAI_AS_ADMIN, TENANT)


@dataclass(frozen=True, slots=True)
class Layout:
    """One stack's places."""

    folder: Path
    keystone_port: int = field(default_factory=free_port)
    placement_port: int = field(default_factory=free_port)
    nova_port: int = field(default_factory=free_port)
    stub_port: int = field(default_factory=free_port)
    memcached_port: int = field(default_factory=free_port)
    masakari_port: int = field(default_factory=free_port)

    def __post_init__(self) -> None:
        """Make the folders."""
        for place in (self.conf, self.logs, self.hypervisors, self.state, self.policies):
            place.mkdir(parents=True, exist_ok=True)

    @property
    def conf(self) -> Path:
        """Where configuration files are."""
        return self.folder / "etc"

    @property
    def logs(self) -> Path:
        """Where each process's log is, by its name."""
        return self.folder / "log"

    @property
    def hypervisors(self) -> Path:
        """Where the hypervisors' diary is (inside/hypervisor.py)."""
        return self.folder / "hypervisors"

    @property
    def state(self) -> Path:
        """Where services keep keys and locks."""
        return self.folder / "state"

    @property
    def policies(self) -> Path:
        """Where policy files are, as the services read them."""
        return self.folder / "policy"

    @property
    def auth_url(self) -> str:
        """Where Keystone is."""
        return f"http://127.0.0.1:{self.keystone_port}/v3"

    @property
    def endpoints(self) -> Mapping[str, tuple[str, str]]:
        """Name and address of each service by its type in the catalog."""

        def at(port: int, path: str = "") -> str:
            return f"http://127.0.0.1:{port}{path}"

        return {
            "compute": ("nova", at(self.nova_port, "/v2.1")),
            "placement": ("placement", at(self.placement_port)),
            "image": ("glance", at(self.stub_port)),
            "network": ("neutron", at(self.stub_port)),
            "instance-ha": ("masakari", at(self.masakari_port, "/v1")),
        }

    def environment(self, user: User = ADMIN) -> Mapping[str, str]:
        """Return the variables by which OpenStack's clients log in."""
        return {
            "OS_AUTH_URL": self.auth_url,
            "OS_USERNAME": user.name,
            "OS_PASSWORD": PASSWORD,
            "OS_PROJECT_NAME": user.project,
            "OS_USER_DOMAIN_NAME": "Default",
            "OS_PROJECT_DOMAIN_NAME": "Default",
            "OS_REGION_NAME": REGION,
            "OS_IDENTITY_API_VERSION": "3",
        }
