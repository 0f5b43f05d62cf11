"""Sets the log up by oslo.log: its options in [DEFAULT] of kasugai.conf, our line format, secrets masked everywhere.

It is the last thing before a line leaves the process; what a line says is the business of whoever writes it.
"""

import io
import json
import logging
import re
from collections.abc import Iterable, Sequence
from contextlib import redirect_stderr
from dataclasses import fields, is_dataclass
from urllib.parse import unquote

from oslo_config import cfg
from oslo_log import log as oslo
from oslo_utils import strutils

from kasugai.adapters.settings.values import Settings
from kasugai.adapters.telemetry.about import About

FORMAT = "%(asctime)s.%(msecs)03d %(process)d %(levelname)s %(name)s%(about)s: %(message)s"
MASK = "***"
SHORTEST = 4
"""Shorter secrets are not looked for: they would mask half of a line. (What stands after `password` is masked.)"""
IN_URL = re.compile(r'(\w+://[^\s:/@"]*:)[^\s@/"]+@')
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
    """Masks a record's message before it is formatted."""

    def __init__(self, mask: Mask) -> None:
        """Mask by `mask`."""
        super().__init__()
        self._mask = mask

    def filter(self, record: logging.LogRecord) -> bool:
        """Let the record pass without secrets."""
        record.msg = self._mask.all(_message(record))
        record.args = ()
        return True


class Masked(logging.Formatter):
    """Masks what another formatter has made: tracebacks and all."""

    def __init__(self, inner: logging.Formatter, mask: Mask) -> None:
        """Format by `inner`."""
        super().__init__()
        self._inner = inner
        self._mask = mask

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        return self._mask.known(self._once(record))

    def _once(self, record: logging.LogRecord) -> str:
        """To a warning that is written while an exception is handled oslo.log adds what the exception says, which our
        lines say already. It leaves some built-in ones out, of which the innermost one counts."""
        if record.exc_info:
            return self._inner.format(record)
        try:
            raise ValueError
        except ValueError:
            return self._inner.format(record)


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except (TypeError, ValueError):  # a line with wrong arguments is still worth reading
        return f"{record.msg} {record.args!r}"


def set_up(files: Sequence[str], settings: Settings) -> None:
    """Set the log up as [DEFAULT] of `files` says (`use_json`, `log_file`, `debug`, ...); else lines on stderr."""
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
    dress(logging.getLogger(), secrets_of(settings))


def dress(logger: logging.Logger, secrets: Iterable[str]) -> None:
    """Let every handler of `logger` say what a line is about, and no secrets."""
    mask = Mask(secrets)
    for handler in logger.handlers:
        handler.addFilter(About())
        handler.addFilter(Masking(mask))
        handler.setFormatter(Masked(handler.formatter or logging.Formatter(), mask))


def secrets_of(settings: Settings) -> list[str]:
    """Return what must never be seen: what the settings keep out of their `repr`, and the password in an address."""
    parts = [getattr(settings, part.name) for part in fields(settings)]
    groups = [part for part in parts if is_dataclass(part)]
    hidden = [getattr(group, part.name) for group in groups for part in fields(group) if not part.repr]
    in_urls = [found[1] for text in hidden if (found := PASSWORD.search(text))]
    return [*(text for text in hidden if "://" not in text), *in_urls, *map(unquote, in_urls)]
