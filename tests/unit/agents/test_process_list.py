"""masakari-monitors' process_list.yaml as it is, and what systemd's words mean."""

import pytest

from kasugai.adapters.systemd.units import Unit
from kasugai.agents.process.listed import BadList, parse
from kasugai.agents.process.names import told_name, unit_in
from kasugai.agents.process.states import FLAP_WINDOW, FLAPS, Flapping, State, of_unit

SAMPLE = """\
# Define the monitoring processes as follows:
-
    process_name: '/usr/bin/nova-compute'
    start_command: 'systemctl start nova-compute'
    pre_start_command: ''
    post_start_command:
    restart_command: 'systemctl restart nova-compute'
    pre_restart_command:
    post_restart_command:
    run_as_root: True
-
    process_name: 'libvirt-bin'
    start_command: 'systemctl start libvirt-bin'
    restart_command: 'service libvirt-bin restart'
    run_as_root: True
-
    process_name: 'qemu-agent'
    pid_file: /run/qemu-agent.pid
    restart_command: '/opt/agent --again "two words"'
"""


def test_a_list_of_masakari_monitors_is_taken_as_it_is() -> None:
    compute, libvirt, agent = parse(SAMPLE, "list.yaml").entries
    assert (compute.name, compute.unit, compute.as_root) == ("nova-compute", "nova-compute.service", True)
    assert compute.restart == ("systemctl", "restart", "nova-compute") and compute.before_restart == ()
    assert (libvirt.name, libvirt.unit) == ("libvirtd", "libvirt-bin.service")
    assert (agent.unit, agent.pid_file) == ("", "/run/qemu-agent.pid")
    assert agent.restart == ("/opt/agent", "--again", "two words") and not agent.as_root


def test_that_start_commands_are_not_run_is_said_and_so_are_unknown_keys() -> None:
    remarks = parse(SAMPLE + "    color: red\n", "list.yaml").remarks
    assert any(remark.startswith("start commands are not run") for remark in remarks)
    assert "qemu-agent: color means nothing here" in remarks


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("process_name: nova-compute", "a list belongs here"),
        ("", "a list belongs here"),
        ("- [", "no YAML"),
        ("- nova-compute", "entry 1: keys and values belong here"),
        ("- run_as_root: true", "entry 1: it lacks process_name"),
        ("- process_name: 7", "process_name is no text"),
        ("- process_name: x\n  restart_command: 'a \"b'", "cannot be split"),
        ("- process_name: x\n  restart_command: [a]", "restart_command is no text"),
        ("- process_name: x\n  run_as_root: perhaps", "write true or false"),
        ("- process_name: x\n- process_name: /usr/bin/x", "x is listed twice"),
        ("- process_name: " + "x" * 300, "at most 255"),
        ("\n".join(["- process_name: x"] * 65), "at most 64"),
    ],
)
def test_a_list_that_is_none_is_one_line_with_its_place(text: str, said: str) -> None:
    with pytest.raises(BadList, match=r"^list\.yaml") as caught:
        parse(text, "list.yaml")
    assert said in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "called"),
    [
        ("/usr/bin/nova-compute", "nova-compute"),
        ("openstack-nova-compute.service", "nova-compute"),
        ("devstack@n-cpu.service", "nova-compute"),
        ("kolla-nova_compute-container.service", "nova-compute"),
        ("edpm_nova_compute", "nova-compute"),
        ("kolla-nova_libvirt-container.service", "libvirtd"),
        ("libvirt-bin", "libvirtd"),
        ("libvirtd", "libvirtd"),
        ("something.else", "something.else"),
    ],
)
def test_a_process_is_called_by_its_services_name(name: str, called: str) -> None:
    assert told_name(name) == called


@pytest.mark.parametrize(
    ("command", "unit"),
    [
        (("systemctl", "restart", "nova-compute"), "nova-compute"),
        (("sudo", "/bin/systemctl", "--no-block", "try-restart", "x.service"), "x.service"),
        (("service", "libvirt-bin", "restart"), "libvirt-bin"),
        (("systemctl", "restart", "a", "b"), ""),
        (("systemctl", "stop", "a"), ""),
        (("docker", "restart", "nova_compute"), ""),
        ((), ""),
    ],
)
def test_a_unit_is_known_by_the_command_that_restarts_it(command: tuple[str, ...], unit: str) -> None:
    assert unit_in(command) == unit


@pytest.mark.parametrize(
    ("unit", "state"),
    [
        (Unit(load_state="not-found", active_state="inactive"), State.ABSENT),
        (Unit(load_state="masked", active_state="inactive"), State.STOPPED),
        (Unit(load_state="bad-setting", active_state="inactive"), State.ABSENT),
        (
            Unit(load_state="loaded", active_state="active", sub_state="running", result="success"),
            State.ALIVE,
        ),
        (Unit(load_state="loaded", active_state="reloading", result="success"), State.ALIVE),
        (Unit(load_state="loaded", active_state="activating", sub_state="auto-restart"), State.PENDING),
        (Unit(load_state="loaded", active_state="deactivating", result="success"), State.PENDING),
        (Unit(load_state="loaded", active_state="inactive", result="success"), State.STOPPED),
        (Unit(load_state="loaded", active_state="inactive", result=""), State.STOPPED),
        (Unit(load_state="loaded", active_state="inactive", result="signal"), State.DEAD),
        (Unit(load_state="loaded", active_state="failed", result="exit-code"), State.DEAD),
        (Unit(load_state="loaded", active_state="failed", result="start-limit-hit"), State.DEAD),
        (Unit(load_state="loaded", active_state="a word of later"), State.UNKNOWN),
        (Unit(load_state=""), State.UNKNOWN),
    ],
)
def test_what_systemd_says_of_a_unit(unit: Unit, state: State) -> None:
    assert of_unit("x.service", unit).state is state


def test_a_unit_that_systemd_restarts_over_and_over_does_not_live() -> None:
    flapping = Flapping()
    assert not flapping.note(0, 7), "what was before is not counted"
    assert [flapping.note(10 * n, 7 + n) for n in range(1, FLAPS + 1)] == [False] * (FLAPS - 1) + [True]
    assert flapping.note(10 * FLAPS + FLAP_WINDOW / 2, 7 + FLAPS)
    assert not flapping.note(20 * FLAPS + FLAP_WINDOW, 7 + FLAPS), "it has been well for long"


def test_somebodys_start_ends_the_count() -> None:
    flapping = Flapping()
    for n in range(FLAPS + 1):
        flapping.note(n, n)
    assert not flapping.note(FLAPS + 1, 0)
