"""From --config-file to settings, and from a wrong setting to one line and the exit code for it."""

import argparse
import os
from typing import TYPE_CHECKING

from kasugai.cli.exits import Misused
from kasugai.cli.parser import DEFAULT_FILE

if TYPE_CHECKING:
    from kasugai.adapters.settings import Settings
    from kasugai.core.words.policy import Policy


def settings_of(arguments: argparse.Namespace, *needs: str) -> "Settings":
    """Return the settings that the command line names; `needs` are groups that this command cannot do without."""
    from kasugai.adapters.settings import SettingError, load

    try:
        return load(files_of(arguments), *needs)
    except SettingError as error:
        raise Misused(str(error)) from error


def policy_of(arguments: argparse.Namespace) -> "Policy":
    """Return the policy that segments have unless they say otherwise; no other setting need be there."""
    from kasugai.adapters.settings import SettingError, load_policy

    try:
        return load_policy(files_of(arguments))
    except SettingError as error:
        raise Misused(str(error)) from error


def files_of(arguments: argparse.Namespace) -> list[str]:
    """Return the configuration files that the command line names, or the usual one if it is there; Misused when
    nobody may know whether it is."""
    if arguments.config_file:
        return list(arguments.config_file)
    try:
        os.stat(DEFAULT_FILE)
    except PermissionError as error:
        raise Misused(
            f"{DEFAULT_FILE}: cannot be reached ({error.strerror}): it is for members of the group kasugai "
            "(usermod -aG kasugai LOGIN), or name a file of your own with --config-file"
        ) from error
    except OSError:
        return []
    return [DEFAULT_FILE]
