"""`kasugai incident export|verify`: an incident as a scenario for the simulator, or as a sealed ledger for others."""

import argparse
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kasugai.cli.exits import Exit, Misused, SaidNo
from kasugai.cli.parser import Nouns, add_config_file, add_incident, command


def add_export(verbs: Nouns) -> None:
    """Add the verbs."""
    parser = command(
        verbs,
        "export",
        "Write an incident as a scenario that plays it again, or as a signed ledger.",
        [
            "kasugai incident export cmp1 -o cmp1.scenario",
            "kasugai incident export 8b875c9b --ledger --key seal.pem -o ledger.json",
        ],
        _export,
    )
    add_incident(parser)
    parser.add_argument(
        "-o", "--output", metavar="FILE", type=Path, help="where to (default: named by its id)"
    )
    parser.add_argument(
        "--recording", metavar="FILE", type=Path, help="out of a recording (default: out of Kafka)"
    )
    parser.add_argument(
        "--ledger",
        action="store_true",
        help="all records about it, chained and signed, instead of a scenario",
    )
    parser.add_argument(
        "--key", metavar="PEM", type=Path, help="with --ledger: the Ed25519 private key to sign with"
    )
    add_config_file(parser)
    _add_verify(verbs)


def _add_verify(verbs: Nouns) -> None:
    parser = command(
        verbs,
        "verify",
        "Prove that a ledger is the one that was signed; needs nothing but the file.",
        [
            "kasugai incident verify ledger.json --key seal.pub",
            "kasugai incident verify 8b875c9b.ledger.json --key seal.pub",
        ],
        _verify,
    )
    parser.add_argument("file", metavar="FILE", type=Path, help="what kasugai incident export --ledger wrote")
    parser.add_argument(
        "--key", metavar="PEM", type=Path, required=True, help="the signer's Ed25519 public key"
    )


def _export(arguments: argparse.Namespace) -> int:
    from kasugai.schemas.recordings import BadRecording

    if arguments.ledger is not (arguments.key is not None):
        raise Misused("--ledger and --key belong together; for example: --ledger --key seal.pem")
    try:
        with _recording(arguments) as path:
            return (_ledger if arguments.ledger else _scenario)(arguments, path)
    except BadRecording as error:
        raise Misused(str(error)) from error
    except OSError as error:
        if error.filename != str(arguments.recording):
            raise
        raise Misused(f"{error.filename}: cannot be read: {error.strerror}") from error


@contextmanager
def _recording(arguments: argparse.Namespace) -> Iterator[Path]:
    """A recording that is there, or all that Kafka holds as one that nobody keeps."""
    if arguments.recording is not None:
        yield arguments.recording
        return
    from kasugai.cli.clock import now
    from kasugai.cli.record import cut_into
    from kasugai.core.words.timing import BrokerTime

    with tempfile.NamedTemporaryFile(prefix="kasugai-", suffix=".recording") as file:
        cut_into(arguments, None, BrokerTime(now()), file)
        file.flush()
        yield Path(file.name)


def _scenario(arguments: argparse.Namespace, path: Path) -> int:
    from kasugai.cli.exporting.scenario import export
    from kasugai.cli.terminal import data, talk

    exported = export(path, arguments.incident)
    target = arguments.output or Path(f"{str(exported.was.incident)[:8]}.scenario")
    _write(target, exported.text)
    differences = exported.differences
    if differences:
        data(f"{target}: it does not end as it did: {'; '.join(differences)}")
    else:
        data(f"{target}: it ends as it did ({exported.was.end})")
    for broken in exported.broken:
        talk(f"invariant broken: {broken}")
    talk(f"To play it: kasugai sim run {target if '/' in str(target) else f'./{target}'}")
    return Exit.NO if differences or exported.broken else Exit.OK


def _ledger(arguments: argparse.Namespace, path: Path) -> int:
    from kasugai.adapters.sealing import BadKey, Seal
    from kasugai.cli.exporting.ledger import document, of_incident, sealed, signed_bytes
    from kasugai.cli.exporting.scenario import seen_in
    from kasugai.cli.finding import find
    from kasugai.cli.incident_text import short
    from kasugai.cli.terminal import data, talk
    from kasugai.core.telling.incident_views import fold
    from kasugai.schemas.recordings import opened

    try:
        seal = Seal(arguments.key)
    except BadKey as error:
        raise Misused(str(error)) from error
    views = [view for view in fold(seen_in(path)) if view.incident is not None]
    view = find(views, arguments.incident)
    assert view.incident is not None
    with opened(path) as recording:
        records = of_incident(view.incident, recording.entries)
    body = document(view.incident, view.subject.name, records, seal.fingerprint)
    target = arguments.output or Path(f"{short(view)}.ledger.json")
    _write(target, sealed(body, seal.sign(signed_bytes(body))))
    data(f"{target}: {len(records)} records about {view.subject.name}, signed by {seal.fingerprint}")
    talk(f"To prove it: kasugai incident verify {target} --key THE-PUBLIC-KEY")
    return Exit.OK


def _verify(arguments: argparse.Namespace) -> int:
    from kasugai.adapters.sealing import BadKey, Check
    from kasugai.cli.exporting.ledger import Broken, check_chain, read, signed_bytes
    from kasugai.cli.terminal import data

    try:
        check = Check(arguments.key)
        text = arguments.file.read_text(encoding="utf-8")
    except BadKey as error:
        raise Misused(str(error)) from error
    except (OSError, UnicodeDecodeError) as error:
        raise Misused(f"{arguments.file}: cannot be read: {error}") from error
    try:
        body, signature = read(text)
        checked = check_chain(body)
        if not check.holds(signature, signed_bytes(body)):
            raise Broken(_unsigned(check.fingerprint, checked.key))
    except Broken as error:
        raise SaidNo(f"{arguments.file}: {error}: do not rely on it") from error
    unread = f", {checked.unread} of them of a newer Kasugai" if checked.unread else ""
    data(
        f"{arguments.file}: whole: {checked.records} records about {checked.subject} (incident {checked.incident})"
        f"{unread}, signed by {checked.key}"
    )
    return Exit.OK


def _unsigned(asked: str, named: str) -> str:
    """Return what is wrong where a signature does not hold; a ledger that names the very key was changed."""
    if asked == named:
        return f"it is not what the key {asked} has signed, although it names that key: it was changed since"
    return f"the key {asked} has not signed this; it says {named}"


def _write(path: Path, text: str) -> None:
    from kasugai.cli.record import fresh

    with fresh(path) as file:
        file.write(text.encode())
