"""One process of the REST API: opens its doors, puts the application on them, and closes them again.

Which server calls it (waitress in `kasugai api`, uWSGI, mod_wsgi) is not known here.
"""

import logging
from collections.abc import Sequence
from typing import Self

from oslo_config import cfg

from kasugai.adapters.background import Background
from kasugai.adapters.kafka.registry import KafkaRegistry
from kasugai.adapters.kafka.reports import KafkaReports
from kasugai.adapters.links import BadKeys, read_keys
from kasugai.adapters.nova.computes import NovaComputes
from kasugai.adapters.oslo_notifier import OsloNotifier
from kasugai.adapters.redis_claims import RedisClaims
from kasugai.adapters.redis_keeping import Forgets
from kasugai.adapters.redis_views import RedisViews
from kasugai.adapters.settings import SettingError, Settings
from kasugai.adapters.settings.exposure import is_loopback
from kasugai.adapters.settings.oslo import open_conf
from kasugai.adapters.settings.values import ApiSettings
from kasugai.adapters.telemetry.vitals import Vitals
from kasugai.adapters.wall import Wall
from kasugai.api.announcing import AnnouncingRegistry, AnnouncingReports
from kasugai.api.app import make_app
from kasugai.api.environ import Wsgi
from kasugai.api.handling import Doors
from kasugai.api.link_page import PAGE, LinkPage
from kasugai.api.logins import persons_login
from kasugai.api.own.app import own_app
from kasugai.api.own.rules import MOUNT
from kasugai.api.pipeline import Page, around
from kasugai.api.policies import Policy
from kasugai.api.readiness import Login, Readiness, own_login
from kasugai.api.view_store import ViewStore
from kasugai.core.recovering.doors import LedgerAway

NAME = "kasugai-api"

log = logging.getLogger(__name__)


class Process:
    """Context manager: what the application needs is open while it lasts."""

    def __init__(self, settings: Settings, files: Sequence[str], vitals: Vitals | None = None) -> None:
        """Open the doors; Kafka, Redis and Nova are looked for in the background. SettingError when one cannot be."""
        for sentence in settings.unread:
            log.warning("%s", sentence)
        self._background = Background(NAME)
        # What only settings can refuse stands before the first client of Kafka, whose own lines would bury the reason.
        self._computes = NovaComputes(self._background, settings.nova)
        self._registry = KafkaRegistry(self._background, settings.kafka, NAME)
        self._reports = KafkaReports(self._background, settings.kafka, NAME)
        self._claims = RedisClaims.connect(settings.redis)
        self._documents = RedisViews.connect(settings.redis)
        conf = open_conf(files)
        self._notifier = OsloNotifier.where_wanted(conf)
        notifier = self._notifier
        doors = Doors(
            registry=AnnouncingRegistry(self._registry, notifier) if notifier else self._registry,
            reports=AnnouncingReports(self._reports, notifier) if notifier else self._reports,
            orders=self._reports,
            claims=self._claims,
            computes=self._computes,
            views=ViewStore(self._documents),
            wall=Wall(),
        )
        policy = Policy(conf)
        app = make_app(doors, policy, settings.api, settings.policy)
        keys = link_keys(settings)
        own = own_app(doors, policy, settings.api, keys)
        self.wsgi: Wsgi = around(app, conf, settings.api, {MOUNT: own}, _page(conf, settings, keys))
        _check(conf, settings)
        _refuse_forgetful(self._claims)
        if vitals is not None:
            readiness = Readiness(self.wsgi, self._login(conf, settings))
            vitals.expect(self._registry.waits_for, self._claims.waits_for, readiness.waits_for)
            self._background.begin(vitals.keep_beating())
            self._background.begin(readiness.keep_asking())

    @staticmethod
    def _login(conf: cfg.ConfigOpts, settings: Settings) -> Login:
        """Where nobody is asked who he is, any word will do."""
        return own_login(conf) if settings.api.auth_strategy == "keystone" else lambda: "readiness"

    def __enter__(self) -> Self:
        """Return the process."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close everything."""
        self.close()

    def close(self) -> None:
        """Close everything; what is under way has been answered."""
        for door in (self._registry, self._reports, self._computes, self._claims, self._documents):
            door.close()
        self._background.close()
        if self._notifier is not None:
            self._notifier.close()


def link_keys(settings: Settings) -> tuple[bytes, ...]:
    """Return the keys of links, none where links are off; SettingError for a file that gives none."""
    file = settings.announce.links_key_file
    try:
        return read_keys(file) if file else ()
    except BadKeys as error:
        raise SettingError(f"[announce] links_key_file: {error}") from None


def _page(conf: cfg.ConfigOpts, settings: Settings, keys: tuple[bytes, ...]) -> Page | None:
    """The links' page; with `noauth2` what is typed as an id is the token. Keystone's options are known once the
    middleware stands, and it is first asked when somebody sends the form."""
    if not keys:
        return None

    def login(name: str, secret: str) -> str:
        is_asked = settings.api.auth_strategy == "keystone"
        return persons_login(conf)(name, secret) if is_asked else name

    return PAGE, lambda whole: LinkPage(whole, keys, Wall().now, login)


def refuse_open_door(api: ApiSettings) -> None:
    """SettingError where nobody is asked who he is and others than this machine could ask, unless somebody has said
    that they may."""
    may = api.auth_strategy != "noauth2" or api.noauth2_anywhere or is_loopback(api.listen)
    if not may:
        raise SettingError(
            f"[api] auth_strategy = noauth2 makes everyone admin who reaches {api.listen}:{api.port}; for example: "
            "auth_strategy = keystone (or listen = 127.0.0.1, or noauth2_anywhere = true where nobody else can)"
        )


def _refuse_forgetful(claims: RedisClaims) -> None:
    """SettingError for a Redis that evicts; one that is away is looked for in the background."""
    try:
        claims.check()
    except LedgerAway as away:
        log.warning("%s", away)
    except Forgets as error:
        raise SettingError(f"[redis] {error}") from None


def _check(conf: cfg.ConfigOpts, settings: Settings) -> None:
    """Keystone without credentials would refuse everybody (keystonemiddleware has registered its options by now), and
    without Keystone everybody is let in."""
    refuse_open_door(settings.api)
    if settings.api.auth_strategy == "noauth2":
        place = f"{settings.api.listen}:{settings.api.port}"
        log.warning(
            "[api] auth_strategy = noauth2: whoever reaches %s is admin, and may let hosts be fenced", place
        )
    if settings.api.auth_strategy == "keystone" and not conf.keystone_authtoken.auth_type:
        raise SettingError(
            "[keystone_authtoken] auth_type is missing; for example: auth_type = password "
            "(or [api] auth_strategy = noauth2)"
        )
