"""kasugai.conf: what it gives, and that whatever is wrong is one line with file, option, reason and example."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from kasugai.adapters.settings import SettingError, Settings, load
from kasugai.adapters.settings.masakari import ALIASES, FLOWS, MEANINGLESS, TASKS
from kasugai.adapters.settings.options import groups, list_opts
from kasugai.adapters.settings.sample import render
from kasugai.core.words.policy import Method, Policy
from kasugai.core.words.subject import INCIDENT_KINDS
from kasugai.core.words.timing import PRODUCTION, TEST, Millis

REPO = Path(__file__).resolve().parents[2]
KAFKA = "[kafka]\nbootstrap_servers = k1:9092\n"
Write = Callable[[str], str]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(text: str, name: str = "kasugai.conf") -> str:
        (tmp_path / name).write_text(text)
        return str(tmp_path / name)

    return write


def test_the_least_file_gives_the_documented_defaults(write: Write) -> None:
    settings = load([write(KAFKA)])
    assert settings.kafka.bootstrap_servers == "k1:9092"
    assert (settings.kafka.replication, settings.kafka.min_insync, settings.stream.partitions) == (3, 2, 12)
    assert settings.worker.timing == PRODUCTION
    assert settings.policy == Policy()
    assert settings.stream.instance


def test_a_profile_is_taken_and_single_time_outs_replaced(write: Write) -> None:
    settings = load([write(KAFKA + "[worker]\nprofile = test\nsettle = 7000\nlanes = 3\n")])
    assert settings.worker.timing == replace(TEST, settle=Millis(7000))
    assert (settings.worker.profile, settings.worker.lanes) == ("test", 3)


def test_each_kind_has_lanes_of_its_own(write: Write) -> None:
    usual = load([write(KAFKA)]).worker
    assert [usual.lanes_of(kind) for kind in sorted(INCIDENT_KINDS)] == [16, 128, 16]
    lanes = "[worker]\nlanes = 3\ninstance_lanes = 5\nprocess_lanes = 7\n"
    worker = load([write(KAFKA + lanes)]).worker
    assert [worker.lanes_of(kind) for kind in sorted(INCIDENT_KINDS)] == [3, 5, 7]


def test_policy_defaults_are_typed(write: Write) -> None:
    text = "[policy]\nmethod = reserved_host\nmax_unhealthy = 30\ntrust_assertions = false\nha_key = ha\n"
    policy = load([write(KAFKA + text)]).policy
    assert policy == Policy(
        method=Method.RESERVED_HOST, max_unhealthy=30, trust_assertions=False, ha_key="ha"
    )


def test_a_later_file_goes_before_an_earlier_one(write: Write, tmp_path: Path) -> None:
    first = write(KAFKA + "[stream]\npartitions = 6\n")
    (tmp_path / "more.conf").write_text("[stream]\npartitions = 24\n")
    assert load([first, str(tmp_path / "more.conf")]).stream.partitions == 24


def test_the_environment_sets_options_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OS_KAFKA__BOOTSTRAP_SERVERS", "k9:9092")
    assert load([]).kafka.bootstrap_servers == "k9:9092"


def test_secrets_are_not_shown(write: Write) -> None:
    text = (
        "[kafka]\nbootstrap_servers = k1:9092\nsasl_password = hush1\n[redis]\nurl = redis://:hush2@r/0\n"
        "[nova]\nauth_url = http://k/v3\nusername = u\nproject_name = p\npassword = hush3\n"
    )
    settings = load([write(text)])
    assert settings.nova.password == "hush3"
    assert "hush" not in repr(settings)


WRONG = [
    ("", "[kafka] bootstrap_servers is missing; for example: bootstrap_servers = kafka1:9092,"),
    (KAFKA + "min_insync = 4\n", "[kafka] min_insync is greater than replication"),
    (
        KAFKA + "replication = many\n",
        "[kafka] replication is wrong: invalid literal for int() with base 10: 'many'; for",
    ),
    (KAFKA + "security_protocol = TLS\n", "[kafka] security_protocol is wrong: "),
    (
        KAFKA + "boostrap_server = x\n",
        "[kafka] has no option boostrap_server; did you mean bootstrap_servers?",
    ),
    (KAFKA + "[kakfa]\nx = 1\n", "[kakfa] is no group of ours; did you mean [kafka]?"),
    (KAFKA + "[redis]\nqq = 1\n", "[redis] has no option qq; it knows url"),
    (
        KAFKA + "[redis]\nurl = redis://:hush@r:hush/0\n",
        "[redis] url has a port that is no number from 1 to 65535 (write : / @ in a password as %3A %2F %40); "
        "for example: url = rediss+sentinel://redis1:26379,",
    ),
    (
        KAFKA + "[redis]\nurl = redis://:hush@r/0\npassword = hush\n",
        "[redis] password is set here and in the url: keep one of them; for example: password = SECRET",
    ),
    (KAFKA + "[redis]\nusername = u\n", "[redis] password is missing: username is set"),
    (
        KAFKA + "[redis]\nsentinel_password = hush\n",
        "[redis] sentinel_password is set, and the url names no sentinels",
    ),
    (
        KAFKA + "[redis]\nssl_cafile = /nowhere\n",
        "[redis] ssl_cafile is set, but the url does not begin with rediss: nothing would be encrypted",
    ),
    (
        KAFKA + "[redis]\nurl = rediss://r\nssl_cafile = /nowhere\n",
        "[redis] ssl_cafile cannot be read (No such file or directory); for example: ssl_cafile = /etc/",
    ),
    (
        KAFKA + "[redis]\npassword_file = /nowhere\n",
        "[redis] password_file names a file that cannot be read (No such file or directory)",
    ),
    (KAFKA + "[redis]\npassword_file = /dev/null\n", "[redis] password_file names an empty file"),
    (KAFKA + "sasl_mechanism = GSSAPI\n", "[kafka] sasl_mechanism is wrong: "),
    (
        KAFKA + "security_protocol = SASL_SSL\nsasl_username = u\n",
        "[kafka] sasl_password is missing: security_protocol is SASL_SSL; for example: sasl_password = SECRET",
    ),
    (KAFKA + "security_protocol = SASL_SSL\n", "[kafka] sasl_username is missing: "),
    (
        KAFKA + "sasl_username = u\nsasl_password = hush\n",
        "[kafka] security_protocol has no SASL, and sasl_username is set; for example: security_protocol = SASL_SSL",
    ),
    (
        KAFKA + "ssl_cafile = /dev/null\n",
        "[kafka] ssl_cafile is set, but security_protocol has no SSL: nothing would be encrypted",
    ),
    (
        KAFKA + "security_protocol = SSL\nssl_cafile = /dev/null\n",
        "[kafka] ssl_cafile cannot be used (NO_CERT",
    ),
    (KAFKA + "security_protocol = SSL\nssl_certfile = /dev/null\n", "[kafka] ssl_keyfile is missing: "),
    (KAFKA + "security_protocol = SSL\nssl_keyfile = /dev/null\n", "[kafka] ssl_certfile is missing: "),
    (
        KAFKA + "security_protocol = SSL\nssl_certfile = /dev/null\nssl_keyfile = /dev/null\n",
        "[kafka] ssl_certfile cannot be used (",
    ),
    (
        KAFKA + "[bridge]\ntransport_url = amqp://nova\n",
        "[bridge] transport_url does not begin with rabbit://",
    ),
    (
        KAFKA + "[bridge]\ntransport_url = rabbit://nova:5672:x/\n",
        "[bridge] transport_url names a node that is not",
    ),
    (
        KAFKA + "[bridge]\ntransport_url = rabbit://a:b@x,c:d@y/\n",
        "[bridge] transport_url names several logins",
    ),
    (KAFKA + "[bridge]\ntransport_url = kafka://x/nova\n", "[bridge] transport_url has a path"),
    (KAFKA + "[bridge]\ntopics =\n", "[bridge] topics is empty"),
    (KAFKA + "[announce]\naddress = ha.example.org\n", "[announce] address is no address of a server"),
    (KAFKA + "[announce]\naddress = https://a:b@ha\n", "[announce] address is no address of a server"),
    (KAFKA + "[announce]\naddress = https://ha\n", "[announce] links_key_file is missing"),
    (KAFKA + "[bridge]\nssl_cafile = /dev/null\n", "[bridge] ssl_cafile is set, but tls is not"),
    (KAFKA + "[bridge]\nqueue_type = stream\n", "[bridge] queue_type is wrong: "),
    (KAFKA + "[worker]\nprofile = fast\n", "[worker] profile is wrong: "),
    (
        KAFKA + "[worker]\nsettle = 0\n",
        "[worker] settle is wrong: Should be greater than or equal to 1; for example: settle = 90000",
    ),
    (
        KAFKA + "[worker]\nsettle = 10000\n",
        "[worker] settle does not fit: settle is shorter than lease + client + wire",
    ),
    (
        KAFKA + "[worker]\nrenewal = 4000\n",
        "[worker] lease does not fit: lease is shorter than three renewals",
    ),
    (KAFKA + "[policy]\nmax_unhealthy = 101\n", "[policy] max_unhealthy is wrong: "),
    (KAFKA + "[policy]\nmethod = magic\n", "[policy] method is wrong: "),
    (KAFKA + "[nova]\nauth_url = http://k/v3\nusername = u\n", "[nova] password is missing: auth_url is set"),
    (KAFKA + "[nova]\npassword = a$b\n", "[nova] password is wrong: a $ is written as $$"),
    *(
        (KAFKA + f"[redis]\npassword = {value}\n", "[redis] password is wrong: a $ is written as $$")
        for value in ("hush$url", "hush${url}", "$hush", "hush$$$url", "'hush$url'", "hush\\\\\\$$url")
    ),
    *(
        (KAFKA + f"[redis]\n{name} = redis://r\n", f"[redis] has no option {name}; did you mean url?")
        for name in ("URL", "Url", "-url")
    ),
    (KAFKA + "[stream]\nPartitions = 6\n", "[stream] has no option Partitions; did you mean partitions?"),
    (KAFKA + "[kafka]\nmin-insync = 1\n", "[kafka] has no option min-insync; did you mean min_insync?"),
    (KAFKA + "[Redis]\nurl = redis://r\n", "[Redis] is no group of ours; did you mean [redis]?"),
    (KAFKA + "[REDIS]\nurl = redis://r\n", "[REDIS] is no group of ours; did you mean [redis]?"),
    *(
        (KAFKA + f"[redis]\npassword = hush{comment}\n", "[redis] password is wrong: a comment takes a line")
        for comment in (" # the new one", " ; the new one", "\t# x", " #x", "\n  # indented")
    ),
    ("[kafka]\nbootstrap_servers\n", "line 2 is no setting: "),
]


@pytest.mark.parametrize(("text", "line"), WRONG, ids=[line[:40] for _, line in WRONG])
def test_what_is_wrong_is_one_line_with_its_file(write: Write, text: str, line: str) -> None:
    file = write(text)
    with pytest.raises(SettingError) as caught:
        load([file])
    assert str(caught.value).startswith(f"{file}: {line}")
    assert "\n" not in str(caught.value)
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("a$$b", "a$b"),
        ("a\\$b", "a$b"),
        ("a$5", "a$5"),
        ("a$", "a$"),
        ("a#b;c", "a#b;c"),
        ("#a", "#a"),
        ('"a # b"', "a # b"),
        ("'a ; b'", "a ; b"),
    ],
)
def test_a_password_is_what_is_written(write: Write, written: str, meant: str) -> None:
    assert load([write(f"{KAFKA}[redis]\npassword = {written}\n")]).redis.password == meant


def test_what_the_environment_says_is_held_to_the_same(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OS_REDIS__PASSWORD", "hush$url")
    with pytest.raises(SettingError, match=r"^OS_REDIS__PASSWORD: \[redis\] password is wrong: a \$"):
        load([write(KAFKA)])
    monkeypatch.setenv("OS_REDIS__PASSWORD", "hush # 1")
    assert load([write(KAFKA)]).redis.password == "hush # 1"


def test_a_masakari_conf_s_password_is_held_to_the_same(write: Write) -> None:
    with pytest.raises(SettingError, match=r"\[nova\] password is wrong: a \$ is written as \$\$"):
        load([write(f"{KAFKA}[DEFAULT]\nos_privileged_user_password = hush$url\n")])


def test_a_password_may_stand_in_a_file_of_its_own(write: Write, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("hush$1 \n")
    text = (
        f"{KAFKA}security_protocol = SASL_PLAINTEXT\nsasl_username = u\nsasl_password_file = {secret}\n"
        f"[redis]\nurl = redis+sentinel://r/s\npassword_file = {secret}\nsentinel_password_file = {secret}\n"
    )
    settings = load([write(text)])
    found = (settings.kafka.sasl_password, settings.redis.password, settings.redis.sentinel_password)
    assert found == ("hush$1 ",) * 3
    assert "hush" not in repr(settings)


def test_what_a_process_needs_is_asked_for(write: Write) -> None:
    file = write(KAFKA)
    with pytest.raises(SettingError) as caught:
        load([file], "nova")
    assert str(caught.value).startswith(f"{file}: [nova] cloud is missing")


def test_a_bridge_needs_its_bus_and_hides_its_login(write: Write, tmp_path: Path) -> None:
    with pytest.raises(SettingError, match=r"\[bridge\] transport_url is missing"):
        load([write(KAFKA)], "bridge")
    secret = tmp_path / "bridge.url"
    secret.write_text("rabbit://kasugai:hush%40@r1,[::1]:5673//nova\n")
    settings = load([write(KAFKA + f"[bridge]\ntransport_url_file = {secret}\ntls = yes\n")], "bridge")
    address = settings.bridge.address
    assert address is not None and address.nodes == (("r1", 5671), ("::1", 5673))
    assert (address.username, address.password, address.path) == ("kasugai", "hush@", "/nova")
    assert "hush" not in repr(settings) and str(secret) in settings.files


def test_power_devices_are_looked_for_where_the_docs_say(write: Write) -> None:
    assert load([write(KAFKA)]).power.devices_file == "/etc/kasugai/power.yaml"


def test_a_cloud_in_clouds_yaml_is_enough(write: Write) -> None:
    assert load([write(KAFKA + "[nova]\ncloud = mine\n")], "nova").nova.cloud == "mine"


def test_a_file_that_is_not_there_is_named() -> None:
    with pytest.raises(SettingError, match=r"^/nowhere/kasugai.conf: cannot be read \(No such file"):
        load(["/nowhere/kasugai.conf"])


def test_without_any_file_the_variable_is_named() -> None:
    with pytest.raises(SettingError, match=r"^no file \(OS_KAFKA__BOOTSTRAP_SERVERS is not set\): "):
        load([])


def test_another_librarys_group_is_left_alone(write: Write) -> None:
    load([write(KAFKA + "[DEFAULT]\ndebug = true\n[keystone_authtoken]\nwww_authenticate_uri = x\n")])


def test_every_option_says_what_it_is_for() -> None:
    assert [name for name, _ in list_opts()] == [
        "kafka",
        "redis",
        "nova",
        "power",
        "observe",
        "bridge",
        "announce",
        "stream",
        "agents",
        "liveness",
        "api",
        "worker",
        "telemetry",
        "policy",
    ]
    for options in groups().values():
        for option in options:
            assert option.help and option.help[0].isupper(), option.name


def without_files(sample: str) -> str:
    """Take out what is not on this machine, and have the connections that the rest is for."""
    gone = ("ssl_", "password_file", "url_file")
    kept = [line for line in sample.splitlines() if not any(word in line for word in gone)]
    return (
        "\n".join(kept)
        .replace("security_protocol = PLAINTEXT", "security_protocol = SASL_SSL")
        .replace("url = redis://127.0.0.1:6379/0", "url = redis+sentinel://r1,r2/kasugai")
    )


def test_the_sample_is_fresh_and_can_be_read(write: Write) -> None:
    sample = (REPO / "deploy" / "kasugai.conf.sample").read_text()
    assert sample == render(), "type .venv/bin/python tools/draw_settings.py"
    opened = "\n".join(
        line.removeprefix("#") if not line.startswith("# ") else line for line in sample.splitlines()
    )
    settings = load([write(without_files(opened))])
    assert settings.worker.timing == PRODUCTION
    assert settings.kafka.sasl_username == "kasugai-worker"


MASAKARI = """
[DEFAULT]
auth_strategy = noauth2
masakari_api_listen = 127.0.0.1
masakari_api_listen_port = 25868
masakari_api_workers = 2
osapi_max_limit = 50
os_privileged_user_name = masakari
os_privileged_user_password = hunter2
os_privileged_user_tenant = service
os_privileged_user_auth_url = http://keystone/identity
host_failure_recovery_threads = 4
duplicate_notification_detection_interval = 180
wait_period_after_service_update = 180
transport_url = rabbit://u:p@rabbit

[host_failure]
evacuate_all_instances = False
ha_enabled_instance_metadata_key = HA
ignore_instances_in_error_state = True
add_reserved_host_to_aggregate = True

[taskflow]
connection = mysql+pymysql://u:secret@db/masakari

[keystone_authtoken]
password = secret

[oslo_policy]
policy_file = p.yaml
"""


def test_a_masakari_conf_is_accepted_as_it_is(tmp_path: Path) -> None:
    ours, theirs = tmp_path / "kasugai.conf", tmp_path / "masakari.conf"
    ours.write_text("[kafka]\nbootstrap_servers = k:1\n[policy]\nha_key = OURS\n")
    theirs.write_text(MASAKARI)
    found = load([str(theirs), str(ours)], "nova")
    assert (found.api.listen, found.api.port, found.api.workers) == ("127.0.0.1", 25868, 2)
    assert (found.api.auth_strategy, found.api.max_limit) == ("noauth2", 50)
    assert (found.nova.username, found.nova.password, found.nova.project_name) == (
        "masakari",
        "hunter2",
        "service",
    )
    assert (found.policy.window, found.policy.evacuate_all, found.policy.ignore_error_guests) == (
        4,
        False,
        True,
    )
    assert found.policy.add_reserve_to_aggregates
    assert found.policy.ha_key == "OURS", "our own name goes before Masakari's"
    (told,) = found.unread
    for option in ("duplicate_notification_detection_interval", "wait_period_after_service_update"):
        assert f"[DEFAULT] {option}" in told
    assert "[taskflow] connection" in told and "secret" not in told


def test_every_alias_and_every_unread_option_is_told_apart() -> None:
    theirs = {place for places in ALIASES.values() for place in places}
    assert not theirs & (set(MEANINGLESS) | set(FLOWS)) and not set(MEANINGLESS) & set(FLOWS)
    ours = {(group, option.name) for group, options in groups().items() for option in options}
    assert set(ALIASES) <= ours
    page = (REPO / "docs" / "api" / "compatibility.md").read_text()
    untold = [name for _, name in (*theirs, *MEANINGLESS, *FLOWS) if name not in page]
    assert untold == [], "docs/api/compatibility.md names every option"


def masakari(tmp_path: Path, text: str) -> Settings:
    theirs = tmp_path / "masakari.conf"
    theirs.write_text(f"[kafka]\nbootstrap_servers = k:1\n{text}")
    return load([str(theirs)])


def test_what_masakari_does_about_instances_is_taken_over(tmp_path: Path) -> None:
    found = masakari(tmp_path, "[instance_failure]\nprocess_all_instances = True\n")
    assert found.policy.restart_all and found.unread == ()
    assert not masakari(tmp_path, "").policy.restart_all, "Masakari's default is ours"


@pytest.mark.parametrize(
    ("host", "instance", "key", "told"),
    [
        (None, "GOLD", "GOLD", False),
        ("GOLD", None, "GOLD", False),
        ("GOLD", "GOLD", "GOLD", False),
        ("GOLD", "SILVER", "GOLD", True),
    ],
)
def test_two_keys_of_the_mark_are_told(
    tmp_path: Path, host: str | None, instance: str | None, key: str, told: bool
) -> None:
    text = "".join(
        f"[{group}]\nha_enabled_instance_metadata_key = {said}\n"
        for group, said in (("host_failure", host), ("instance_failure", instance))
        if said is not None
    )
    found = masakari(tmp_path, text)
    assert found.policy.ha_key == key
    assert [("GOLD, SILVER" in sentence, "[policy] ha_key" in sentence) for sentence in found.unread] == (
        [(True, True)] if told else []
    )


def test_what_is_not_needed_about_instances_and_processes_is_told_once(tmp_path: Path) -> None:
    (told,) = masakari(
        tmp_path,
        "[DEFAULT]\nwait_period_after_power_off = 180\nwait_period_after_power_on = 60\n"
        "[process_failure]\nservice_disable_reason = hunter2\n",
    ).unread
    assert "nothing waits for a fixed time" in told and "which incident disabled a service" in told
    assert "hunter2" not in told


BUILT_IN = """
[taskflow_driver_recovery_flows]
host_auto_failure_recovery_tasks = pre:['disable_compute_service_task'],main:['prepare_HA_enabled_instances_task'],
  post:['evacuate_instances_task', 'no_op']
host_rh_failure_recovery_tasks = {pre:[disable_compute_service_task],main:[evacuate_instances_task],post:[]}
instance_failure_recovery_tasks = pre:['stop_instance_task'],main:["start_instance_task"],
  post:['confirm_instance_active_task']
process_failure_recovery_tasks = pre:[disable_compute_node_task],main:[confirm_compute_node_disabled_task],post:[]
"""


def test_masakari_s_own_tasks_are_ours_by_themselves(tmp_path: Path) -> None:
    assert len(TASKS) == 9
    assert masakari(tmp_path, BUILT_IN).unread == ()


def test_each_task_of_the_operator_s_own_is_named_with_what_to_do(tmp_path: Path) -> None:
    text = BUILT_IN.replace("'stop_instance_task'", "'acme_snapshot','stop_instance_task'")
    text = text.replace("[disable_compute_node_task]", "[acme.page-us]").replace("'no_op'", "'acme.page-us'")
    first, second = sorted(masakari(tmp_path, text).unread)
    assert first.startswith("the task acme.page-us of [taskflow_driver_recovery_flows]")
    assert "(host-before or host-after, process-before or process-after)" in first
    assert second.startswith("the task acme_snapshot of ") and "(instance-before or instance-after)" in second


@pytest.mark.parametrize("text", ["", "{}", "[]", "pre:", "'", "pre:[],main:[],post:[]", "::,,", "7"])
def test_a_list_of_tasks_that_names_none_says_nothing(tmp_path: Path, text: str) -> None:
    conf = f"[taskflow_driver_recovery_flows]\ninstance_failure_recovery_tasks = {text}\n"
    assert masakari(tmp_path, conf).unread == ()


@pytest.mark.parametrize(
    ("written", "line"),
    [
        (
            "[observe]\nsilence_matchers = kasugai\n",
            "[observe] silence_matchers is wrong: 'kasugai' is no NAME=VALUE; for",
        ),
        (
            "[observe]\nalertmanager_urls = http://u:hush@a:9093\n",
            "[observe] alertmanager_urls is wrong: each is an address without a password; for example",
        ),
        (
            "[api]\nproject_id_regex = (\n",
            "[api] project_id_regex is wrong: no regular expression: missing ), unterm",
        ),
    ],
)
def test_what_no_option_checks_by_itself_is_told_with_its_file_and_an_example(
    written: str, line: str, tmp_path: Path
) -> None:
    file = tmp_path / "kasugai.conf"
    file.write_text(f"[kafka]\nbootstrap_servers = k:9092\n{written}")
    with pytest.raises(SettingError) as caught:
        load([str(file)])
    assert str(caught.value).startswith(f"{file}: {line}") and "hush" not in str(caught.value)
