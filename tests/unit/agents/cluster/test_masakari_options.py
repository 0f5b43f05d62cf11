"""masakari-monitors' own sections, taken as they are."""

import pytest

from kasugai.agents.cluster.masakari import Taken, take
from kasugai.agents.cluster.matrix import DEFAULT_MATRIX, Matrix
from kasugai.agents.cluster.options import (
    Agents,
    ConsulOptions,
    KubernetesOptions,
    NodeType,
    Pace,
    PacemakerOptions,
)

MATRIX = {"sequence": ["storage"], "matrix": [{"health": ["down"], "action": ["recovery"]}]}


def load(path: str) -> object:
    if path != "/etc/masakarimonitors/matrix.yaml":
        raise FileNotFoundError(f"{path} is not there")
    return MATRIX


def taken(**sections: dict[str, str]) -> Taken:
    return take(sections, load)


def test_nothing_set_is_pacemaker_with_our_own_pace() -> None:
    assert taken() == Taken(options=PacemakerOptions())
    assert Pace().samples > 1


@pytest.mark.parametrize("driver", ["default", "simple", "pacemaker"])
def test_pacemaker(driver: str) -> None:
    host = {
        "monitoring_driver": driver,
        "monitoring_interval": "20",
        "monitoring_samples": "3",
        "pacemaker_node_type": "remote",
        "restrict_to_remotes": "True",
    }
    assert taken(host=host).options == PacemakerOptions(
        pace=Pace(interval=20, samples=3), node_type=NodeType.REMOTE, restrict_to_remotes=True
    )


def test_consul_with_its_matrix() -> None:
    consul = {
        "agent_manage": "192.0.2.1:8500",
        "agent_storage": "[2001:db8::1]",
        "matrix_config_file": "/etc/masakarimonitors/matrix.yaml",
    }
    assert taken(host={"monitoring_driver": "consul"}, consul=consul).options == ConsulOptions(
        agents=Agents(manage="192.0.2.1:8500", storage="[2001:db8::1]"),
        matrix=Matrix(sequence=("storage",), recovers=frozenset({("down",)})),
    )


def test_kubernetes_and_blanks_after_commas() -> None:
    options = taken(
        host={"monitoring_driver": "kubernetes"}, kubernetes={"monitoring_node_labels": "a=b, c = d"}
    ).options
    assert options == KubernetesOptions(labels="a=b,c = d")


def test_what_changes_nothing_says_why() -> None:
    told = taken(
        host={
            "disable_ipmi_check": "True",
            "restrict_to_remotes": "on",
            "corosync_multicast_ports": "5405, 5406",
        }
    )
    assert told.options == PacemakerOptions(restrict_to_remotes=True)
    assert told.complaints == told.unknown == ()
    assert [line.split(":")[0] for line in told.idle] == [
        "[host] disable_ipmi_check",
        "[host] corosync_multicast_ports",
    ]


def test_what_nobody_knows_is_named() -> None:
    told = taken(host={"monitoring-interval": "5"}, consul={"agent_lan": "x"}, kubernetes={"kubeconfig": "y"})
    assert told.unknown == ("[host] monitoring-interval", "[consul] agent_lan", "[kubernetes] kubeconfig")


@pytest.mark.parametrize(
    ("section", "option", "value"),
    [
        ("host", "monitoring_driver", "zabbix"),
        ("host", "monitoring_interval", "0"),
        ("host", "monitoring_interval", "nan"),
        ("host", "monitoring_samples", "many"),
        ("host", "pacemaker_node_type", "guest"),
        ("host", "restrict_to_remotes", "maybe"),
    ],
)
def test_a_value_that_cannot_be_used_is_named_and_the_default_stands(
    section: str, option: str, value: str
) -> None:
    told = taken(**{section: {option: value}})
    assert told.options == PacemakerOptions()
    assert len(told.complaints) == 1
    assert told.complaints[0].startswith(f"[{section}] {option} = {value} cannot be used")


def test_a_matrix_that_cannot_be_read_is_a_complaint() -> None:
    told = taken(host={"monitoring_driver": "consul"}, consul={"matrix_config_file": "/nowhere"})
    assert told.options == ConsulOptions(matrix=DEFAULT_MATRIX)
    assert "/nowhere is not there" in told.complaints[0]


def test_empty_values_are_not_set() -> None:
    assert taken(host={"monitoring_driver": "", "monitoring_interval": " "}) == Taken(
        options=PacemakerOptions()
    )
