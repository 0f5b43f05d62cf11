"""Checks deploy/grafana/dashboards against Grafana's own types (`@grafana/schema`) with TypeScript's compiler: what no
type knows, and what has another type than Grafana says, fails. `make dashboards-types` calls it.
"""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

REPO = Path(__file__).resolve().parents[1]
SCHEMA = REPO / "tools" / "dashboards" / "schema"
BOARDS = sorted((REPO / "deploy" / "grafana" / "dashboards").glob("*.json"))
WORKSHOP = REPO / ".cache" / "dashboards-types"
PANELS = {
    "bargauge": ("bargauge", "BarGauge"),
    "stat": ("stat", "Stat"),
    "state-timeline": ("statetimeline", "StateTimeline"),
    "table": ("table", "Table"),
    "text": ("text", "Text"),
    "timeseries": ("timeseries", "TimeSeries"),
}
"""By a panel's type, where its options are described."""
PATH = "@grafana/schema/dist/esm/raw/composable/{folder}/panelcfg/x/{name}PanelCfg_types.gen"
HEAD = """\
import type { AnnotationTarget, Dashboard, DataQuery, Panel } from '@grafana/schema';
import type { Plain } from './plain';
// What the Prometheus data source adds to annotations.
type OfPrometheus = { annotations?: { list?: { titleFormat?: string }[] } };
"""


def checks() -> str:
    """Return the program that the compiler is to understand: each dashboard and each panel as a typed constant."""
    imports = [
        f"import type * as {name} from '{PATH.format(folder=folder, name=name)}';"
        for folder, name in PANELS.values()
    ]
    told = [
        f"const {board.stem.replace('-', '_')}: Plain<Dashboard> & OfPrometheus = {board.read_text()};"
        for board in BOARDS
    ]
    told += [_note(board.stem, number, note) for board in BOARDS for number, note in enumerate(_notes(board))]
    told += [_panel(board.stem, panel) for board in BOARDS for panel in _panels(board)]
    return "\n".join([HEAD, *imports, *told, "export {};"])


def _panels(board: Path) -> Iterator[dict[str, Any]]:
    return (panel for panel in json.loads(board.read_text())["panels"] if panel["type"] != "row")


def _notes(board: Path) -> Iterator[dict[str, Any]]:
    return (
        note
        for note in json.loads(board.read_text())["annotations"].get("list", [])
        if "tags" in note["target"]
    )


def _note(board: str, number: int, note: dict[str, Any]) -> str:
    """What the Grafana data source is asked: a dashboard's type takes it for any query."""
    name = f"{board.replace('-', '_')}_note_{number}"
    return f"const {name}: Plain<AnnotationTarget> & DataQuery = {json.dumps(note['target'])};"


def _panel(board: str, panel: dict[str, Any]) -> str:
    """What a dashboard's type leaves open: a panel's own options and what it adds to fields."""
    _, name = PANELS[panel["type"]]
    about = f"{board.replace('-', '_')}_{panel['id']}"
    found = [
        f"const {about}_options: Plain<Partial<{name}.Options>> = {json.dumps(panel.get('options', {}))};"
    ]
    custom = panel.get("fieldConfig", {}).get("defaults", {}).get("custom")
    if custom:
        found.append(f"const {about}_custom: Plain<Partial<{name}.FieldConfig>> = {json.dumps(custom)};")
    return "\n".join(found)


def _run(*words: str) -> None:
    done = subprocess.run(words, cwd=WORKSHOP, check=False)
    if done.returncode:
        sys.exit(f"check_dashboard_types: {' '.join(words)} ended with {done.returncode}")


def main() -> None:
    """Fetch the locked schema and compiler, and compile."""
    if shutil.which("npm") is None:
        sys.exit("check_dashboard_types: npm is missing; type: apt-get install --no-install-recommends npm")
    WORKSHOP.mkdir(parents=True, exist_ok=True)
    for file in SCHEMA.iterdir():
        shutil.copy(file, WORKSHOP)
    (WORKSHOP / "checks.ts").write_text(checks())
    _run("npm", "ci", "--silent", "--no-audit", "--no-fund", "--ignore-scripts")
    _run("node_modules/.bin/tsc", "--project", ".")
    count = sum(1 for board in BOARDS for _ in _panels(board))
    version = json.loads((SCHEMA / "package.json").read_text())["devDependencies"]["@grafana/schema"]
    print(f"{len(BOARDS)} dashboards with {count} panels are as @grafana/schema {version} says.")


if __name__ == "__main__":
    main()
