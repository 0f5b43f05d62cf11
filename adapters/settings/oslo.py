"""The same files for OpenStack's own libraries, which read their groups from an oslo.config object."""

from collections.abc import Sequence

from oslo_config import cfg


def open_conf(config_files: Sequence[str]) -> cfg.ConfigOpts:
    """Return the files as keystonemiddleware, oslo.middleware and oslo.policy want them; `load` has checked them."""
    conf = cfg.ConfigOpts()
    arguments = [word for file in config_files for word in ("--config-file", file)]
    conf(arguments, project="kasugai", default_config_files=[], default_config_dirs=[])
    return conf
