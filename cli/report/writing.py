"""From the topics to a file: which incident is meant, and where its page goes."""

import asyncio
import os
from pathlib import Path

from kasugai.adapters.settings import KafkaSettings
from kasugai.cli.clock import now
from kasugai.cli.exits import Exit, Misused
from kasugai.cli.finding import find
from kasugai.cli.recorded import replay, segment_names
from kasugai.cli.report.page import page
from kasugai.cli.terminal import data, data_page
from kasugai.core.telling.incident_views import SHORT, IncidentView, Seen, fold
from kasugai.core.telling.report import report

OUTPUT = "-"
FOR_US = 0o640
"""Names of guests and hosts are nobody's else."""


def write(kafka: KafkaSettings, wanted: str, to: str | None) -> int:
    """Write the report about the incident that `wanted` means, and say where it is; SaidNo where there is none, Misused
    where the file cannot be written."""
    seen, names = asyncio.run(_read(kafka))
    view = find(list(fold(seen)), wanted)
    text = page(report(view, seen, names, now()))
    if to == OUTPUT:
        data_page(text)
        return Exit.OK
    file = Path(to if to is not None else name_of(view))
    _save(file, text)
    data(str(file))
    return Exit.OK


def name_of(view: IncidentView) -> str:
    """Return what the file is called unless somebody says otherwise: ids alone, for names may hold anything."""
    return f"kasugai-{str(view.incident)[:SHORT] if view.incident else 'suspicion'}.html"


def _save(file: Path, text: str) -> None:
    try:
        with open(
            os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, FOR_US), "w", encoding="utf-8"
        ) as stream:
            stream.write(text)
    except OSError as error:
        raise Misused(
            f"{file}: cannot be written ({error.strerror}): name another file with --to FILE"
        ) from error


async def _read(kafka: KafkaSettings) -> tuple[list[Seen], dict[str, str]]:
    return await replay(kafka), await segment_names(kafka)
