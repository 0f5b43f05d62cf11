"""The configuration files of Keystone, Placement and Nova. What is not written here is as upstream has it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from shutil import copy

from acceptance.stack.layout import (
    DOWN_AFTER,
    HOSTS,
    PASSWORD,
    REGION,
    REPORT_INTERVAL,
    SERVICE,
    SYNC_INTERVAL,
    VENV,
    Layout,
)

Section = Mapping[str, object]
Sections = Mapping[str, Section]


@dataclass(frozen=True, slots=True)
class Wires:
    """What runs beneath OpenStack."""

    database_port: int
    transport_url: str
    cell_transport_url: str
    """The bus of the hosts' cell, on which its own conductor and its nova-computes are."""
    cell_socket: Path
    """By which Nova's API reaches the database of the hosts' cell, and nobody else."""

    def database(self, name: str) -> str:
        """Return SQLAlchemy's URL of a database."""
        return f"mysql+pymysql://openstack:{PASSWORD}@127.0.0.1:{self.database_port}/{name}?charset=utf8mb4"

    def cell(self) -> str:
        """Return the URL that Nova's API has of the database of the hosts' cell."""
        words = f"unix_socket={self.cell_socket}&charset=utf8mb4"
        return f"mysql+pymysql://{CELL_USER}:{PASSWORD}@localhost/nova?{words}"


CELL_USER = "cell"
"""As whom it does."""
DATABASES = ("keystone", "placement", "nova_api", "nova", "nova_cell0")


def tell_case() -> list[str]:
    """Return the statements by which names of hosts are told apart by their case, as on PostgreSQL.

    Nova makes its tables in MariaDB with a collation that ignores case: of two hosts that differ in nothing else the
    second one's nova-compute does not even start (nova 34.0.0: ServiceNotUnique). The port's suite has two such hosts.
    """
    columns = {
        "nova.services": ("host",),
        "nova.compute_nodes": ("host", "hypervisor_hostname"),
        "nova.instances": ("host", "node"),
        "nova.migrations": ("source_compute", "dest_compute", "source_node", "dest_node"),
        "nova_api.host_mappings": ("host",),
        "nova_api.aggregate_hosts": ("host",),
        "placement.resource_providers": ("name",),
    }
    kind = "VARCHAR(200) CHARACTER SET utf8mb3 COLLATE utf8mb3_bin"
    return [
        f"ALTER TABLE {table} {', '.join(f'MODIFY {name} {kind}' for name in names)}"
        for table, names in columns.items()
    ]


def write_all(layout: Layout, wires: Wires) -> None:
    """Write every file below `layout.conf`."""
    write(layout.conf / "keystone" / "keystone.conf", _keystone(layout, wires))
    write(layout.conf / "placement" / "placement.conf", _placement(layout, wires))
    write(layout.conf / "nova" / "nova.conf", _nova(layout, wires))
    copy(VENV / "etc" / "nova" / "api-paste.ini", layout.conf / "nova")
    write(cell_file(layout), {"DEFAULT": {"transport_url": wires.cell_transport_url}})
    for host in HOSTS:
        home = layout.state / host
        home.mkdir(exist_ok=True)
        write(compute_file(layout, host), {"DEFAULT": {"host": host, "state_path": home}})


def cell_file(layout: Layout) -> Path:
    """Return where the settings are that the processes of the hosts' cell have besides."""
    return layout.conf / "nova" / "cell.conf"


def compute_file(layout: Layout, host: str) -> Path:
    """Return where a nova-compute's own settings are."""
    return layout.conf / "nova" / f"compute-{host}.conf"


def write(file: Path, sections: Sections) -> None:
    """Write one file as oslo.config reads it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    lines: list[str] = []
    for section, options in sections.items():
        lines += [f"[{section}]", *(f"{name} = {value}" for name, value in options.items()), ""]
    file.write_text("\n".join(lines))


def client(layout: Layout) -> dict[str, object]:
    """Return the options by which a service logs in at Keystone as itself."""
    return {
        "auth_type": "password",
        "auth_url": layout.auth_url,
        "username": SERVICE.name,
        "password": PASSWORD,
        "project_name": SERVICE.project,
        "user_domain_name": "Default",
        "project_domain_name": "Default",
        "region_name": REGION,
    }


def authtoken(layout: Layout) -> dict[str, object]:
    """Return [keystone_authtoken]."""
    return {
        **client(layout),
        "www_authenticate_uri": layout.auth_url,
        "memcached_servers": f"127.0.0.1:{layout.memcached_port}",
        "service_token_roles_required": True,
    }


def _keystone(layout: Layout, wires: Wires) -> Sections:
    return {
        "database": {"connection": wires.database("keystone")},
        "token": {"provider": "fernet", "expiration": 86400},
        "fernet_tokens": {"key_repository": layout.state / "fernet"},
        "credential": {"key_repository": layout.state / "credential"},
        "identity": {"password_hash_rounds": 4},  # a login must not cost a tenth of a second of the two cores
        "cache": {
            "enabled": True,
            "backend": "dogpile.cache.pymemcache",
            "memcache_servers": f"127.0.0.1:{layout.memcached_port}",
        },
        "oslo_policy": {"policy_file": layout.policies / "keystone.yaml"},
    }


def _placement(layout: Layout, wires: Wires) -> Sections:
    return {
        "api": {"auth_strategy": "keystone"},
        "placement_database": {"connection": wires.database("placement")},
        "keystone_authtoken": authtoken(layout),
        "oslo_policy": {"policy_file": layout.policies / "placement.yaml"},
    }


def _nova(layout: Layout, wires: Wires) -> Sections:
    unlimited = ("instances", "cores", "ram", "server_groups", "server_group_members", "metadata_items")
    return {
        "DEFAULT": {
            "host": "controller",
            "my_ip": "127.0.0.1",
            "state_path": layout.state,
            "transport_url": wires.transport_url,
            "compute_driver": "hypervisor.Hypervisor",
            "report_interval": REPORT_INTERVAL,
            "service_down_time": DOWN_AFTER,
            "sync_power_state_interval": SYNC_INTERVAL,
            "rootwrap_config": VENV / "etc" / "nova" / "rootwrap.conf",
        },
        "api_database": {"connection": wires.database("nova_api")},
        "database": {"connection": wires.database("nova"), "max_pool_size": 10},
        "notifications": {"notification_format": "versioned", "notify_on_state_change": "vm_and_task_state"},
        "oslo_messaging_notifications": {"driver": "messagingv2", "transport_url": wires.transport_url},
        "oslo_concurrency": {"lock_path": layout.state / "lock"},
        "oslo_policy": {"policy_file": layout.policies / "nova.yaml"},
        "quota": dict.fromkeys(unlimited, -1),
        "scheduler": {"workers": 1},
        "conductor": {"workers": 1},
        "vnc": {"enabled": False},
        "spice": {"enabled": False},
        "keystone_authtoken": authtoken(layout),
        "placement": client(layout),
        "glance": client(layout),
        "neutron": client(layout),
        "cinder": client(layout),
        "service_user": {**client(layout), "send_service_user_token": False},
    }
