"""Sets the log up by oslo.log: its options in [DEFAULT] of kasugai.conf, our line format, secrets masked everywhere,
and nothing in a message that forges a line or that a terminal would obey (core.words.visible).

It is the last thing before a line leaves the process; what a line says is the business of whoever writes it.
"""

import io
import json
import logging
import re
from collections.abc import Callable, Iterable, Sequence
from contextlib import redirect_stderr
from dataclasses import fields, is_dataclass
from typing import Any
from urllib.parse import unquote

from oslo_config import cfg
from oslo_log import log as oslo
from oslo_log.formatters import JSONFormatter
from oslo_utils import strutils

from kasugai.adapters.settings.values import Settings
from kasugai.adapters.telemetry.about import About
from kasugai.core.words.visible import shortened, visible

FORMAT = "%(asctime)s.%(msecs)03d %(process)d %(levelname)s %(name)s%(about)s: %(message)s"
MASK = "***"
SHORTEST = 4
"""Shorter secrets are not looked for: they would mask half of a line. (What stands after `password` is masked.)"""
LONGEST = 8_000
"""Characters of a message: an error may carry a whole answer of somebody's."""
WIDEST = 10_000
"""Characters of a line, or of one text in a record of JSON: a message with all that it is about."""
SET_IN = "    "
"""Before the lines of a traceback: what they say may hold line ends of its own."""
IN_URL = re.compile(r'(\w{1,40}://[^\s:/@"]*:)[^\s@/"]+@')
"""A longer scheme is found by its end. Without that bound a text of one long word costs the square of its length."""
PASSWORD = re.compile(r"://[^/@]*?:([^/@]+)@")
DEFAULTS = {
    "use_stderr": True,
    "logging_default_format_string": FORMAT,
    "logging_context_format_string": FORMAT,
    "logging_exception_prefix": "",
}
"""Ours instead of oslo.log's; the file may say otherwise."""


class LogOptionWrong(Exception):
    """An option of oslo.log is wrong. One line."""


class Mask:
    """Takes secrets out of text: the known ones, and whatever looks like one."""

    def __init__(self, secrets: Iterable[str]) -> None:
        """`secrets` are known; JSON writes some of them in another way."""
        written = {form for secret in secrets for form in (secret, json.dumps(secret)[1:-1])}
        known = sorted((form for form in written if len(form) >= SHORTEST), key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, known))) if known else None

    def known(self, text: str) -> str:
        """Return `text` without known secrets and passwords in URLs; JSON stays JSON."""
        masked = IN_URL.sub(rf"\1{MASK}@", text)
        return self._known.sub(MASK, masked) if self._known else masked

    def all(self, text: str) -> str:
        """Return `text` also without what stands after words like `password`."""
        masked: str = strutils.mask_password(text, MASK)
        return self.known(masked)


class Masking(logging.Filter):
    """Masks a record's message before it is formatted, and cuts it."""

    def __init__(self, mask: Mask, shown: Callable[[str], str]) -> None:
        """Mask by `mask`; `shown` makes of a message what may stand in one line."""
        super().__init__()
        self._mask = mask
        self._shown = shown

    def filter(self, record: logging.LogRecord) -> bool:
        """Let the record pass without secrets."""
        record.msg = self._shown(shortened(self._mask.all(_message(record)), LONGEST))
        record.args = ()
        return True


class Masked(logging.Formatter):
    """Masks and shows what another formatter has made: tracebacks and all."""

    def __init__(self, inner: logging.Formatter, mask: Mask) -> None:
        """Format by `inner`."""
        super().__init__()
        self._inner = inner
        self._mask = mask

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as one line, and below it, set in, the lines of its traceback: only what stands at the
        edge is a record."""
        text = self._mask.known(self._once(record))
        if isinstance(self._inner, JSONFormatter):
            return visible(text if len(text) <= WIDEST else json.dumps(_cut(json.loads(text))))
        return "\n".join(
            shortened(visible(line), WIDEST) for line in text.replace("\n", f"\n{SET_IN}").split("\n")
        )

    def _once(self, record: logging.LogRecord) -> str:
        """To a warning that is written while an exception is handled oslo.log adds what the exception says, which our
        lines say already. It leaves some built-in ones out, of which the innermost one counts."""
        if record.exc_info:
            return self._inner.format(record)
        try:
            raise ValueError
        except ValueError:
            return self._inner.format(record)


def _cut(value: Any) -> Any:
    """Return a record of JSON with none of its texts longer than a line may be."""
    match value:
        case str():
            return shortened(value, WIDEST)
        case dict():
            return {key: _cut(each) for key, each in value.items()}
        case list():
            return [_cut(each) for each in value]
        case _:
            return value


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except (TypeError, ValueError):  # a line with wrong arguments is still worth reading
        return f"{record.msg} {record.args!r}"


def set_up(files: Sequence[str], settings: Settings) -> None:
    """Set the log up as [DEFAULT] of `files` says (`use_json`, `log_file`, `debug`, ...); else lines on stderr."""
    secrets = secrets_of(
        settings
    )  # before oslo.log's handlers, whose format asks for what only `dress` provides
    conf = cfg.ConfigOpts()
    oslo.register_options(conf)
    for name, value in DEFAULTS.items():
        conf.set_default(name, value)
    arguments = [word for file in files for word in ("--config-file", file)]
    said = io.StringIO()
    try:
        with redirect_stderr(said):  # oslo.config takes some of these for options of the command line
            conf(arguments, project="kasugai", default_config_files=[], default_config_dirs=[])
        oslo.setup(conf, "kasugai")
    except SystemExit as end:
        raise LogOptionWrong(f"[DEFAULT] {said.getvalue().strip()}; these options are oslo.log's") from end
    except OSError as error:
        raise LogOptionWrong(f"[DEFAULT] log_dir or log_file cannot be written: {error}") from error
    except (cfg.Error, oslo.LogConfigError) as error:
        raise LogOptionWrong(f"[DEFAULT] {error}; these options are oslo.log's") from error
    dress(logging.getLogger(), secrets)


def dress(logger: logging.Logger, secrets: Iterable[str]) -> None:
    """Let every handler of `logger` say what a line is about, no secrets, and nothing but lines of its own."""
    mask = Mask(secrets)
    for handler in logger.handlers:
        inner = handler.formatter or logging.Formatter()
        handler.addFilter(About())
        handler.addFilter(Masking(mask, str if isinstance(inner, JSONFormatter) else visible))
        handler.setFormatter(Masked(inner, mask))


def secrets_of(settings: Settings) -> list[str]:
    """Return what must never be seen: what the settings keep out of their `repr`, and the password in an address."""
    parts = [getattr(settings, part.name) for part in fields(settings)]
    groups = [part for part in parts if is_dataclass(part)]
    hidden = [getattr(group, part.name) for group in groups for part in fields(group) if not part.repr]
    in_urls = [found[1] for text in hidden if (found := PASSWORD.search(text))]
    return [*(text for text in hidden if "://" not in text), *in_urls, *map(unquote, in_urls)]
