"""How a person's application credential becomes a token: asked of Keystone once, where [keystone_authtoken] says it is.

Nothing is kept: neither what was typed nor the token.
"""

from collections.abc import Callable

from keystoneauth1 import loading
from keystoneauth1.exceptions import ClientException, Unauthorized
from keystoneauth1.identity.v3 import ApplicationCredential
from oslo_config import cfg

GROUP = "keystone_authtoken"
PATIENCE = 10
"""Seconds for Keystone's answer, where [keystone_authtoken] names no time."""

PersonsLogin = Callable[[str, str], str]
"""Takes the id and the secret of an application credential, and returns a token; NotAdmitted or KeystoneAway."""


class NotAdmitted(Exception):
    """Keystone does not know this credential, or not with this secret."""


class KeystoneAway(Exception):
    """Keystone gives no answer."""


def persons_login(conf: cfg.ConfigOpts) -> PersonsLogin:
    """Return the login; the middleware has registered its options by then."""
    options = conf[GROUP]
    own = loading.load_auth_from_conf_options(conf, options.auth_section or GROUP)
    address = getattr(own, "auth_url", "") or options.www_authenticate_uri
    verify = False if options.insecure else options.cafile or True
    timeout = options.http_connect_timeout or PATIENCE

    def login(name: str, secret: str) -> str:
        auth = ApplicationCredential(
            auth_url=address, application_credential_id=name, application_credential_secret=secret
        )
        session = loading.session.Session().load_from_options(
            auth=auth, verify=verify, cert=options.certfile, key=options.keyfile, timeout=timeout
        )
        try:
            return str(session.get_token())
        except Unauthorized:
            raise NotAdmitted from None
        except (ClientException, OSError):
            raise KeystoneAway from None

    return login
