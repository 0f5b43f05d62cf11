"""Reads kasugai.conf into `Settings`; what is wrong becomes one line that names the option, its file and an example.

oslo.config reads (also OS_GROUP__OPTION from the environment); what it would pass over or change in silence is refused
here: a misspelt option, a `$` that it would replace, a comment that it would take for a part of the value.
"""

import difflib
import logging
import os
import re
import socket
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

from oslo_config import cfg

from kasugai.adapters.settings.announcing import announce_of
from kasugai.adapters.settings.connections import bridge_of, kafka_of, redis_of
from kasugai.adapters.settings.drawn import policy_of, worker_of
from kasugai.adapters.settings.eyes import liveness_of
from kasugai.adapters.settings.masakari import aliases, unread
from kasugai.adapters.settings.observing import observe_of
from kasugai.adapters.settings.options import api_of, groups
from kasugai.adapters.settings.values import (
    AgentsSettings,
    NovaSettings,
    PowerSettings,
    Settings,
    StreamSettings,
    TelemetrySettings,
)
from kasugai.core.words.policy import Policy

DEFAULT_FILE = "/etc/kasugai/kasugai.conf"
"""Where kasugai.conf is unless said otherwise."""

REPLACED = re.compile(r"\$[_a-zA-Z{]")
"""What oslo.config takes for the name of another option, wherever it stands, once `$$` and `\\$` are gone."""
ESCAPED = re.compile(r"\$\$|\\\$")

COMMENT = re.compile(r"\s[#;]")
"""The beginning of what people mean as a comment behind a value, or below it, and oslo.config takes for more of it."""
QUOTED = re.compile(r"""([^\s=:]+)\s*[=:]\s*(["']).*\2\s*$""")

Sections = dict[str, dict[str, str]]


class SettingError(Exception):
    """A setting is wrong or missing. The message is one line: file, option, reason, example."""


def load(config_files: Sequence[str], *needs: str) -> Settings:
    """Return the settings of `config_files` (a later one goes before an earlier one).

    `needs` names groups that this process cannot do without although others can: `nova`.
    """
    source = _Source(config_files)
    source.refuse_strangers()
    settings = Settings(
        files=source.files(),
        kafka=kafka_of(source.group("kafka"), partial(source.wrong, "kafka")),
        redis=redis_of(source.group("redis"), partial(source.wrong, "redis")),
        nova=NovaSettings(**source.group("nova")),
        power=PowerSettings(**source.group("power")),
        observe=observe_of(source.group("observe"), partial(source.wrong, "observe")),
        bridge=bridge_of(source.group("bridge"), partial(source.wrong, "bridge")),
        announce=announce_of(source.group("announce"), partial(source.wrong, "announce")),
        stream=_stream(source.group("stream")),
        agents=AgentsSettings(**source.group("agents")),
        liveness=liveness_of(source.group("liveness")),
        api=api_of(source.group("api"), partial(source.wrong, "api")),
        worker=worker_of(source.group("worker")),
        telemetry=TelemetrySettings(**source.group("telemetry")),
        policy=policy_of(source.group("policy")),
        unread=unread(source.written()),
    )
    _check(settings, source, needs)
    return settings


def load_policy(config_files: Sequence[str]) -> Policy:
    """Return what `[policy]` says, for who needs nothing else of the files; SettingError."""
    source = _Source(config_files)
    source.refuse_strangers()
    return policy_of(source.group("policy"))


class _Source:
    """The files, once as oslo.config understands them and once as they are written."""

    def __init__(self, files: Sequence[str]) -> None:
        self._written = {file: _parse(file) for file in files}
        self._quoted = {file: _quoted(file) for file in files}
        self._conf = cfg.ConfigOpts()
        for group, options in groups().items():
            self._conf.register_opts(options, group=group)
        logging.getLogger("oslo_config").setLevel(
            logging.ERROR
        )  # Masakari's names are welcome, not deprecated
        arguments = [word for file in files for word in ("--config-file", file)]
        self._conf(arguments, project="kasugai", default_config_files=[], default_config_dirs=[])

    def group(self, name: str) -> dict[str, Any]:
        """Return a group's values by option; SettingError for the first wrong one."""
        return {option.name: self._value(name, option) for option in groups()[name]}

    def _value(self, group: str, option: Any) -> Any:
        raw, is_quoted = self._raw(group, option.name)
        if REPLACED.search(ESCAPED.sub("", raw)):
            raise self.wrong(group, option.name, "is wrong: a $ is written as $$")
        if COMMENT.search(raw) and not is_quoted:
            raise self.wrong(
                group,
                option.name,
                "is wrong: a comment takes a line of its own, not indented (quote a value that has # or ; in it)",
            )
        try:
            return getattr(self._conf[group], option.name)
        except (cfg.ConfigFileValueError, cfg.ConfigSourceValueError, ValueError) as error:
            raise self.wrong(group, option.name, _reason(error)) from error
        except cfg.Error as error:
            raise self.wrong(group, option.name, "is wrong: a $ is written as $$") from error

    def _raw(self, group: str, name: str) -> tuple[str, bool]:
        """Return what stands in the variable or the last file that sets an option, and whether it stands in quotes."""
        variable = os.environ.get(f"OS_{group.upper()}__{name.upper()}")
        if variable is not None:
            return variable, True
        for place in ((group, name), *aliases(group, name)):
            for file, sections in reversed(self._written.items()):
                if place[1] in sections.get(place[0], {}):
                    return sections[place[0]][place[1]], place in self._quoted[file]
        return "", False

    def wrong(self, group: str, name: str, reason: str) -> SettingError:
        """Return the error about an option: where it is set, or where it should be."""
        option = next(option for option in groups()[group] if option.name == name)
        example = option.default if option.sample_default is None else option.sample_default
        return SettingError(
            f"{self.place(group, name)}: [{group}] {name} {reason}; for example: {name} = {example}"
        )

    def place(self, group: str, name: str) -> str:
        """Return the file or variable that sets an option; the last file when none does."""
        variable = f"OS_{group.upper()}__{name.upper()}"
        if variable in os.environ:
            return variable
        setting = [file for file, sections in self._written.items() if name in sections.get(group, {})]
        return (setting or list(self._written) or [f"no file ({variable} is not set)"])[-1]

    def files(self) -> tuple[str, ...]:
        """Return the files that hold what others must not know: these, and those of passwords and keys."""
        named = [
            self._value(group, option)
            for group in groups()
            for option in groups()[group]
            if _is_private(option)
        ]
        return tuple(dict.fromkeys([*self._written, *filter(None, named)]))

    def written(self) -> Iterable[tuple[tuple[str, str], str]]:
        """Yield every group and option that the files set with its value, those of later files later."""
        for sections in self._written.values():
            for group, body in sections.items():
                for name, value in body.items():
                    yield (group, name), value

    def refuse_strangers(self) -> None:
        """Raise for a group or an option that nobody reads: most likely a slip of the pen."""
        for file, sections in self._written.items():
            for group, body in sections.items():
                _refuse_group(file, group)
                for name in body:
                    _refuse_option(file, group, name)


def _parse(file: str) -> Sections:
    sections: dict[str, dict[str, list[str]]] = {}
    try:
        cfg.ConfigParser(file, sections).parse()
    except OSError as error:
        raise SettingError(
            f"{file}: cannot be read ({error.strerror}); start from kasugai.conf.sample"
        ) from error
    except cfg.ParseError as error:
        raise SettingError(f"{file}: line {error.lineno} is no setting: {error.line.strip()!r}") from error
    return {group: {name: values[-1] for name, values in body.items()} for group, body in sections.items()}


def _is_private(option: Any) -> bool:
    name: str = option.name
    return name == "clouds_file" or name.endswith(("password_file", "token_file", "url_file", "keyfile"))


def _quoted(file: str) -> set[tuple[str, str]]:
    """Return the options whose value stands in quotes, which oslo.config takes off."""
    group, found = "", set()
    with open(file, encoding="utf-8", errors="replace") as lines:
        for line in lines:
            if line.startswith("["):
                group = line.strip().strip("[]")
            elif match := QUOTED.match(line):
                found.add((group, match[1]))
    return found


def _refuse_group(file: str, group: str) -> None:
    """Other libraries' groups are theirs; only what looks like one of ours is refused."""
    if group.startswith("oslo_"):
        return
    if group not in groups() and group.lower() in groups():
        raise SettingError(f"{file}: [{group}] is no group of ours; did you mean [{group.lower()}]?")
    if group not in groups() and (near := difflib.get_close_matches(group, groups(), 1, 0.7)):
        raise SettingError(f"{file}: [{group}] is no group of ours; did you mean [{near[0]}]?")


def _refuse_option(file: str, group: str, name: str) -> None:
    names = [option.name for option in groups().get(group, [])]
    if names and name not in names:
        near = difflib.get_close_matches(name.replace("-", "_").lower(), names, 1, 0.5)
        hint = f"did you mean {near[0]}?" if near else f"it knows {', '.join(names)}"
        raise SettingError(f"{file}: [{group}] has no option {name}; {hint}")


def _reason(error: Exception) -> str:
    """What oslo.config says, without the place, which we know better."""
    return f"is wrong: {str(error).rpartition('is not valid: ')[2]}"


def _stream(values: dict[str, Any]) -> StreamSettings:
    return StreamSettings(**values | {"instance": values["instance"] or socket.gethostname()})


def _check(settings: Settings, source: _Source, needs: Iterable[str]) -> None:
    if not settings.kafka.bootstrap_servers:
        raise source.wrong("kafka", "bootstrap_servers", "is missing")
    if settings.kafka.min_insync > settings.kafka.replication:
        raise source.wrong("kafka", "min_insync", "is greater than replication: nothing could be written")
    for problem in settings.worker.timing.problems():
        name = problem.split()[0]
        raise source.wrong("worker", name, f"does not fit: {problem}")
    for problem in settings.liveness.rules.problems():
        name = problem.split()[0]
        raise source.wrong("liveness", name, f"does not fit: {problem}")
    if "bridge" in needs and settings.bridge.address is None:
        raise source.wrong("bridge", "transport_url", "is missing")
    _check_nova(settings.nova, source, needs)


def _check_nova(nova: NovaSettings, source: _Source, needs: Iterable[str]) -> None:
    if "nova" in needs and not nova.is_set:
        raise source.wrong(
            "nova", "cloud", "is missing (or auth_url with username, password and project_name)"
        )
    if nova.auth_url and not nova.cloud:
        for name in ("username", "password", "project_name"):
            if not getattr(nova, name):
                raise source.wrong("nova", name, "is missing: auth_url is set and cloud is not")
