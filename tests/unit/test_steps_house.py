"""The house rules about steps: who names a kind, and that no key or subject of a step is ever read as text.

Everything here reads files.
"""

import re
from collections.abc import Iterator
from pathlib import Path

REPO = Path(__file__).resolve().parents[2]
PRODUCT = (
    "adapters",
    "agents",
    "announcers",
    "api",
    "bridge",
    "cli",
    "core",
    "schemas",
    "sim",
    "streams",
    "workers",
)

NAMED = re.compile(r"\bAction\.[A-Z_]+\b")
MAY_NAME = (
    "core/words/actions.py",
    *(
        f"core/recovering/{n}.py"
        for n in ("planning", "host", "instance", "process", "returning", "draining")
    ),
    *(f"sim/lab/invariants/{n}.py" for n in ("host_first", "budget", "acted_upon", "drained")),
)
"""The table of words, and the procedures, which compose their plans of them (the host's also brings the first two to
their end); and the watches of the laboratory, which count by the kind what may not be called, or only so often, and
which hosts are acted upon (a return brings one back)."""
STEPS = "core/recovering/steps/"

READ_AS_TEXT = re.compile(
    r"(?:\.key|\bkey|\b(?:step|record)\.subject)"
    r"\.(?:r?partition|r?split|removeprefix|removesuffix|startswith|endswith)\("
)
ON_STEPS = ("core/recovering/", "core/telling/", "workers/", "api/projection/", "cli/incident_text.py")
"""Where steps are gone through."""
NAMESAKES = ("core/recovering/steps/hidden.py", "core/telling/phases.py")
"""Where Nova's account of a guest is read, which has names of its own, and where the phases of a recovery are named:
some are ours as well."""
ACTIONS = (
    "fence|force-down|evacuate|restore|reset|enable-compute|add-to-aggregate|sweep|confirm-migration|disable-compute|"
    "live-migrate|enable-again|power-on|re-enable|start-again|retire"
)
"""Those that are no names of Nova's actions, or words of everybody's."""
WITHOUT_A_KIND = ("CUSTOM",)
"""Words of steps that no worker of this version has: the operator's own."""
WORDS = re.compile(rf"""f?["'](?:{ACTIONS}):?["']""")


def product() -> Iterator[tuple[str, int, str]]:
    for room in PRODUCT:
        for file in sorted((REPO / room).rglob("*.py")):
            name = str(file.relative_to(REPO))
            for number, line in enumerate(file.read_text().splitlines(), 1):
                yield name, number, line


def test_only_the_kinds_own_files_and_the_procedures_name_a_kind() -> None:
    found = {name for name, _, line in product() if NAMED.search(line)}
    assert {name for name in found if not name.startswith(STEPS)} == set(MAY_NAME)
    assert len(found) > len(MAY_NAME), "the search itself finds nothing"


def test_no_action_is_named_as_text_where_steps_are_gone_through() -> None:
    found = [
        f"{name}:{number}"
        for name, number, line in product()
        if name.startswith(ON_STEPS) and name not in NAMESAKES and WORDS.search(line)
    ]
    assert found == []


def test_no_key_and_no_subject_of_a_step_is_read_as_text() -> None:
    found = [
        f"{name}:{number}: {line.strip()}"
        for name, number, line in product()
        if name.startswith(ON_STEPS) and READ_AS_TEXT.search(line)
    ]
    assert found == []


def test_each_kind_has_a_file_of_its_own() -> None:
    exports = re.compile(r"^([A-Z_]+) = (?:StepKind|FinalLook)\(", re.MULTILINE)
    files = {file.stem: exports.findall(file.read_text()) for file in (REPO / STEPS).glob("*.py")}
    kinds = {name: found for name, found in files.items() if found}
    members = re.findall(r"^    ([A-Z_]+) = ", _enum(REPO / "core/words/actions.py"), re.MULTILINE)
    assert kinds == {name.lower(): [name] for name in members if name not in WITHOUT_A_KIND}


def _enum(file: Path) -> str:
    return file.read_text().split("class Action(", 1)[1].split("\n\n\n", 1)[0]
