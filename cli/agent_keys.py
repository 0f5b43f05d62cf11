"""`kasugai agent enroll HOST` and `kasugai agent keys ...`: the keys by which agents prove whose word theirs is.

It works on the file of master keys and asks nobody else. A secret is printed by `enroll` alone, and only on stdout.
"""

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING

from kasugai.cli.configured import settings_of
from kasugai.cli.exits import Exit, Misused, SaidNo
from kasugai.cli.parser import Nouns, Run, add_config_file, add_output, command, group

if TYPE_CHECKING:
    from kasugai.adapters.proving.masters import Masters

WITHIN = "route and liveness believe it within a second, wherever they have this file"


def add_verbs(verbs: Nouns) -> None:
    """Add `enroll` and `keys` to the noun `agent`."""
    enroll = command(
        verbs,
        "enroll",
        "Print the key by which a host's agent proves its name: a secret.",
        ["kasugai agent enroll cmp1", "kasugai agent enroll cmp1 --keys agents.keys"],
        _run(_enroll),
    )
    enroll.add_argument("host", metavar="HOST", help="as `openstack compute service list` shows it")
    _add_files(enroll)
    _add_keys(
        group(
            verbs,
            "keys",
            "Make, show and change the master keys that hosts' keys follow from.",
            ["kasugai agent keys new", "kasugai agent keys list"],
        )
    )


def _add_keys(verbs: Nouns) -> None:
    for name, summary, examples, run, operand in (
        ("new", "Make the file of master keys.", ["", " --keys agents.keys"], _new, None),
        ("list", "Show which master keys there are (no secrets).", ["", " -o json"], _list, None),
        (
            "rotate",
            "Add a master key for enrolments from now on; the others go on counting.",
            ["", " --keys agents.keys"],
            _rotate,
            None,
        ),
        (
            "retire",
            "Remove a master key: what is signed by it is believed no more.",
            [" 5f0c22ab", " 5f0c22ab --keys agents.keys"],
            _retire,
            ("ID", "as `kasugai agent keys list` shows it"),
        ),
        (
            "revoke",
            "Believe no key that a host has been given by now: it was broken into.",
            [" cmp7", " cmp7 --keys agents.keys"],
            _revoke,
            ("HOST", "as `openstack compute service list` shows it"),
        ),
    ):
        parser = command(verbs, name, summary, [f"kasugai agent keys {name}{e}" for e in examples], _run(run))
        if operand is not None:
            parser.add_argument(operand[0].lower(), metavar=operand[0], help=operand[1])
        if run is _list:
            add_output(parser)
        _add_files(parser)


def _add_files(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--keys", metavar="FILE", help="the file of master keys (default: [agents] master_keys_file)"
    )
    add_config_file(parser)


def _run(work: Callable[[argparse.Namespace, str], int]) -> Run:
    """Hand over the file that is meant; what is wrong with a key is one line."""

    def run(arguments: argparse.Namespace) -> int:
        from kasugai.adapters.proving.keys import BadKey

        try:
            return work(arguments, arguments.keys or settings_of(arguments).agents.master_keys_file)
        except BadKey as error:
            raise Misused(str(error)) from None

    return run


def _enroll(arguments: argparse.Namespace, file: str) -> int:
    from kasugai.adapters.proving.keys import KEY_FILE, check_host
    from kasugai.cli.terminal import data_whole, talk

    check_host(arguments.host)
    masters = _masters(file)
    key = masters.host_key(masters.current.id, arguments.host)
    if key is None:
        raise SaidNo(
            f"the key of {arguments.host} under the current master key {masters.current.id} is revoked; "
            "type: kasugai agent keys rotate, and then this again"
        )
    data_whole(key.line(arguments.host))
    talk(
        f"This line is the secret of {arguments.host}: put it, and nothing else, into {KEY_FILE} there (mode 0600, "
        "owned by the user that the agent runs as), and start the agent anew. Do not keep it anywhere else: the same "
        "command prints it again."
    )
    return Exit.OK


def _new(_: argparse.Namespace, file: str) -> int:
    from kasugai.adapters.proving.keeping import make
    from kasugai.adapters.proving.masters import new_master
    from kasugai.cli.terminal import talk

    master = new_master()
    make(file, master)
    talk(
        f"Made {file} with the master key {master.id}. Give it to route and liveness, on every machine where they run "
        "(chown, mode 0600; or 0640 with a group of theirs), keep a copy where no hypervisor reaches, and enroll each "
        "host: kasugai agent enroll HOST"
    )
    return Exit.OK


def _list(arguments: argparse.Namespace, file: str) -> int:
    from kasugai.cli.tables import Column, table
    from kasugai.cli.terminal import data, data_json, width

    masters = _masters(file)
    rows = [
        {
            "id": id_,
            "current": id_ == masters.current.id,
            "revoked": sorted(host for key, host in masters.revoked if key == id_),
        }
        for id_ in masters.keys
    ]
    if arguments.output == "json":
        data_json(rows)
        return Exit.OK
    cells = [
        (str(row["id"]), "hosts are enrolled with it" if row["current"] else "counts", _hosts(row["revoked"]))
        for row in rows
    ]
    data(*table([Column("ID"), Column("STATE"), Column("REVOKED HOSTS")], cells, width()))
    return Exit.OK


def _hosts(hosts: object) -> str:
    return ", ".join(hosts) if isinstance(hosts, list) and hosts else "-"


def _rotate(_: argparse.Namespace, file: str) -> int:
    from kasugai.adapters.proving.keeping import change
    from kasugai.adapters.proving.masters import new_master
    from kasugai.cli.terminal import talk

    masters = _masters(file).rotated(new_master())
    change(file, masters)
    old = ", ".join(id_ for id_ in masters.keys if id_ != masters.current.id)
    talk(
        f"Hosts are enrolled with {masters.current.id} from now on, and {old} goes on counting. Now: copy {file} to "
        "every machine of route and liveness, enroll each host anew (kasugai agent enroll HOST), and then type: "
        f"kasugai agent keys retire {old.split(', ')[0]}"
    )
    return Exit.OK


def _retire(arguments: argparse.Namespace, file: str) -> int:
    from kasugai.adapters.proving.keeping import change
    from kasugai.cli.terminal import talk

    try:
        masters = _masters(file).retired(arguments.id)
    except KeyError:
        raise SaidNo(
            f"{file} has no key {arguments.id}: kasugai agent keys list shows what there is"
        ) from None
    except ValueError:
        raise SaidNo(
            f"hosts are enrolled with {arguments.id}: type kasugai agent keys rotate first, and enroll them anew"
        ) from None
    change(file, masters)
    talk(f"What is signed by a key under {arguments.id} is a dead letter: {WITHIN}.")
    return Exit.OK


def _revoke(arguments: argparse.Namespace, file: str) -> int:
    from kasugai.adapters.proving.keeping import change
    from kasugai.adapters.proving.keys import check_host
    from kasugai.cli.terminal import talk

    check_host(arguments.host)
    change(file, _masters(file).without(arguments.host))
    talk(
        f"No key that {arguments.host} has been given is believed any more: {WITHIN}. Once the host is made anew: "
        f"kasugai agent keys rotate, and kasugai agent enroll {arguments.host}. All others keep their keys."
    )
    return Exit.OK


def _masters(file: str) -> "Masters":
    from kasugai.adapters.proving.masters import read_masters

    return read_masters(file)
