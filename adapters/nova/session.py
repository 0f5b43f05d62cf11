"""Opens the way to one cloud's Nova from [nova] in kasugai.conf, and says in one line what is wrong with it.

Nothing here sends a request: keystoneauth logs in with the first one.
"""

import threading
import warnings
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Any

import openstack.exceptions
import yaml
from keystoneauth1 import exceptions as keystone
from keystoneauth1.adapter import Adapter
from keystoneauth1.session import Session, TCPKeepAliveAdapter
from openstack.config.cloud_region import CloudRegion
from openstack.config.loader import OpenStackConfig
from openstack.warnings import RemovedInSDK60Warning

from kasugai.adapters.nova.environment import SteadySession
from kasugai.adapters.nova.sentences import CREDENTIALS_IN_URL, sentence
from kasugai.adapters.settings import NovaSettings
from kasugai.core.recovering.doors import CloudAway


class BadCloud(Exception):
    """The cloud's settings are wrong; waiting does not help. One line, without secrets."""


class _Session(Session):
    """keystoneauth's session, but for a trap of version 5.18: when auth_url answers its discovery with 401, it asks
    once more with a token, for which it waits for itself, for ever and under a lock that all threads need."""

    _asking = threading.local()

    def get_auth_headers(self, *args: Any, **kwargs: Any) -> Any:
        """As keystoneauth's; Unauthorized for a token that is needed to get a token."""
        if getattr(self._asking, "now", False):
            raise keystone.Unauthorized("auth_url asks for a token before it gives one")
        self._asking.now = True
        try:
            return super().get_auth_headers(*args, **kwargs)
        finally:
            self._asking.now = False


class Service(StrEnum):
    """Whom a recovery asks, by their types in the catalog."""

    NOVA = "compute"
    KEYSTONE = "identity"
    GLANCE = "image"
    PLACEMENT = "placement"


def open_services(settings: NovaSettings, *, client: float, threads: int) -> dict[Service, Adapter]:
    """Return keystoneauth's adapters by service: one session, no repetitions, `client` seconds a request."""
    region = _region(settings)
    session = region.get_session()
    session.session = SteadySession()
    session.timeout = client
    pool = TCPKeepAliveAdapter(pool_maxsize=threads, max_retries=0)
    for scheme in ("http://", "https://"):
        session.session.mount(scheme, pool)
    versions = {Service.NOVA: None, Service.KEYSTONE: "3", Service.GLANCE: "2", Service.PLACEMENT: None}
    return {
        service: _adapter(region, session, settings, service, version)
        for service, version in versions.items()
    }


def _adapter(
    region: CloudRegion, session: Session, settings: NovaSettings, service: str, version: str | None = None
) -> Adapter:
    return Adapter(
        session=session,
        service_type=service,
        interface=settings.interface,
        region_name=region.get_region_name(service),
        endpoint_override=region.get_endpoint(service),
        connect_retries=0,
        status_code_retries=0,
        min_version=version,
        max_version=version and f"{version}.latest",
    )


def _region(settings: NovaSettings) -> CloudRegion:
    """Read clouds.yaml, or take the password options; environment variables count for nothing."""
    where = describe(settings)
    try:
        if settings.clouds_file:  # openstacksdk skips a file that it cannot read
            yaml.safe_load(Path(settings.clouds_file).read_text())
        with warnings.catch_warnings():  # openstacksdk 4.22 warns of an InfluxDB that nobody has configured
            warnings.simplefilter("ignore", RemovedInSDK60Warning)
            return _configured(settings)
    except yaml.MarkedYAMLError as error:
        line = f", line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise BadCloud(f"{where}: the file is not YAML{line}") from None
    except OSError as error:
        raise BadCloud(f"{where}: the file cannot be read: {error.strerror}") from None
    except (openstack.exceptions.ConfigException, keystone.ClientException) as error:
        raise BadCloud(f"{where}: {one_line(error)}") from None


def _configured(settings: NovaSettings) -> CloudRegion:
    if settings.cloud:
        files = [settings.clouds_file] if settings.clouds_file else None
        config = OpenStackConfig(
            config_files=files, load_envvars=False, app_name="kasugai", session_constructor=_Session
        )
        return config.get_one(cloud=settings.cloud, **_given(settings))
    config = OpenStackConfig(
        load_yaml_config=False, load_envvars=False, app_name="kasugai", session_constructor=_Session
    )
    return config.get_one(auth_type="password", auth=_password(settings), **_given(settings))


def _given(settings: NovaSettings) -> dict[str, Any]:
    given: dict[str, Any] = {}
    if settings.region_name:
        given["region_name"] = settings.region_name
    if settings.cafile:
        given["cacert"] = settings.cafile
    return given


def _password(settings: NovaSettings) -> dict[str, str]:
    names = ("auth_url", "username", "password", "project_name", "user_domain_name", "project_domain_name")
    return {name: getattr(settings, name) for name in names}


def describe(settings: NovaSettings) -> str:
    """Return what a message calls this cloud."""
    if settings.cloud:
        return f"cloud {settings.cloud!r} of {settings.clouds_file or 'clouds.yaml'}"
    return f"[nova] auth_url {CREDENTIALS_IN_URL.sub('//', settings.auth_url)}"


def one_line(error: Exception) -> str:
    """Return the first line of an error's message, fit to be said."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return sentence(lines[0])


def causes(error: BaseException) -> Iterator[BaseException]:
    """Walk to the root of an error: keystoneauth hides requests' error, which hides urllib3's."""
    seen: BaseException | None = error
    while seen is not None:
        yield seen
        yield from (arg for arg in seen.args if isinstance(arg, BaseException))
        seen = seen.__cause__ or seen.__context__


def explain_login(error: Exception, where: str) -> BadCloud | CloudAway:
    """Tell what to correct (BadCloud) from what may pass by itself (CloudAway), before anything was sent to Nova.

    Whatever Keystone answers may pass: it is being set up, its database restored, its catalog filled. So is a file
    that is being replaced. Only settings without which nobody can be asked are for a person to correct first.
    """
    match error:
        case keystone.MissingRequiredOptions() | keystone.MissingAuthPlugin():
            return BadCloud(f"{where}: {one_line(error)}")
        case keystone.Unauthorized() | keystone.Forbidden():
            return CloudAway(
                f"{where}: Keystone refuses the credentials: check user, password, project and domains"
            )
        case keystone.EndpointNotFound() | keystone.EmptyCatalog():
            return CloudAway(
                f"{where}: the catalog has no such compute endpoint: check region_name and interface"
            )
        case _ if any(isinstance(cause, keystone.NotFound) for cause in causes(error)):
            return CloudAway(f"{where}: there is no Keystone at auth_url: {one_line(error)}")
        case keystone.ClientException() | OSError():
            return CloudAway(f"{where}: {one_line(error)}")
        case _:
            return CloudAway(f"{where}: the answer to the login is not Keystone's: {type(error).__name__}")
