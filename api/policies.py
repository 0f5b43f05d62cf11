"""Who may do what: Masakari's rules under Masakari's names, admins only unless a policy file says otherwise.

Three things need no admin by default: to read, for a reader of the whole system; to read what became of one's own
servers; and to report a failure, for a role of its own, so that no hypervisor holds an admin's password. oslo.policy
decides; here is only what it decides about (masakari.md 1.7).
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from oslo_config import cfg
from oslo_policy import policy

from kasugai.adapters.wall import monotonic
from kasugai.api.errors import ApiError
from kasugai.api.own import rules as own

PREFIX = "os_masakari_api:"
ADMIN, ANYONE = "rule:admin_api", "@"
READER, NOTIFIER = "rule:reader_api", "rule:notifier_api"
NOTIFIER_ROLE = "kasugai-notifier"
"""The role of those who may report a failure and nothing else; whether they may say more is asked by other rules."""

OPERATIONS: Mapping[str, tuple[str, tuple[tuple[str, str], ...]]] = {
    "segments:index": ("List segments.", (("GET", "/segments"),)),
    "segments:detail": ("Show a segment.", (("GET", "/segments/{segment_id}"),)),
    "segments:create": ("Create a segment.", (("POST", "/segments"),)),
    "segments:update": ("Change a segment.", (("PUT", "/segments/{segment_id}"),)),
    "segments:delete": ("Delete a segment.", (("DELETE", "/segments/{segment_id}"),)),
    "os-hosts:index": ("List hosts.", (("GET", "/segments/{segment_id}/hosts"),)),
    "os-hosts:detail": ("Show a host.", (("GET", "/segments/{segment_id}/hosts/{host_id}"),)),
    "os-hosts:create": ("Add a host.", (("POST", "/segments/{segment_id}/hosts"),)),
    "os-hosts:update": ("Change a host.", (("PUT", "/segments/{segment_id}/hosts/{host_id}"),)),
    "os-hosts:delete": ("Delete a host.", (("DELETE", "/segments/{segment_id}/hosts/{host_id}"),)),
    "notifications:index": ("List notifications.", (("GET", "/notifications"),)),
    "notifications:detail": ("Show a notification.", (("GET", "/notifications/{notification_id}"),)),
    "notifications:create": ("Report a failure.", (("POST", "/notifications"),)),
    "vmoves:index": ("List moves.", (("GET", "/notifications/{notification_id}/vmoves"),)),
    "vmoves:detail": ("Show a move.", (("GET", "/notifications/{notification_id}/vmoves/{vmove_id}"),)),
    "extensions:index": ("List extensions.", (("GET", "/extensions"),)),
    "extensions:detail": ("Show an extension.", (("GET", "/extensions/{alias}"),)),
    "versions:index": ("Show the version.", (("GET", "/"),)),
    **{
        f"{alias}:discoverable": (f"See {alias} among the extensions.", (("GET", "/extensions"),))
        for alias in ("extensions", "notifications", "os-hosts", "segments", "versions", "vmoves")
    },
}
"""Every rule by its name without the prefix."""


def _full(rule: str) -> str:
    """Return a rule's whole name: Kasugai's own carry their prefix, Masakari's do not."""
    return rule if rule.startswith(own.PREFIX) else PREFIX + rule


def rules() -> list[policy.RuleDefault]:
    """Return all rules with their defaults, as `oslopolicy-*` and `kasugai policy sample` list them."""
    return [
        policy.RuleDefault("context_is_admin", "role:admin", "Who is an administrator."),
        policy.RuleDefault(
            "admin_or_owner", "is_admin:True or project_id:%(project_id)s", "Admins and owners."
        ),
        policy.RuleDefault(
            "admin_api", "is_admin:True", "What every rule asks for unless it says otherwise."
        ),
        policy.RuleDefault(
            "reader_api",
            f"{ADMIN} or (role:reader and system_scope:all)",
            "Who may read. A reader of a project is no reader of the hosts: every member of every project is one.",
        ),
        policy.RuleDefault(
            "notifier_api",
            f"{ADMIN} or role:{NOTIFIER_ROLE}",
            "Who may report a failure: give the monitors on hypervisors this role, and none that may more.",
        ),
        policy.RuleDefault(
            "project_api",
            f"{ADMIN} or role:member or role:reader",
            "Who may see what became of the servers of his token's project, and of no others.",
        ),
        *(_rule(PREFIX + name, *told) for name, told in OPERATIONS.items()),
        *(_rule(own.PREFIX + name, *told) for name, told in own.OPERATIONS.items()),
    ]


def _rule(name: str, description: str, operations: tuple[tuple[str, str], ...]) -> policy.RuleDefault:
    default = own.DEFAULTS.get(name.removeprefix(own.PREFIX), _default(name, operations))
    places: list[policy.Operation] = [{"method": method, "path": path} for method, path in operations]
    return policy.DocumentedRuleDefault(name, default, description, places)


def _default(name: str, operations: tuple[tuple[str, str], ...]) -> str:
    if name.startswith(f"{PREFIX}versions:"):
        return ANYONE
    if name == f"{PREFIX}notifications:create":
        return NOTIFIER
    return READER if all(method == "GET" for method, _ in operations) else ADMIN


REMEMBERED: Final = 1.0
"""Seconds for which an answer stands: oslo.policy looks for changed files each time, which costs more than a reply."""
MOST: Final = 1000
"""Answers that are remembered at a time."""


class Policy:
    """The rules in force: the defaults, and the deployment's policy file, read again when it changes."""

    def __init__(self, conf: cfg.ConfigOpts, clock: Callable[[], float] = monotonic) -> None:
        """Read the file that `[oslo_policy] policy_file` names, if it is there."""
        self._enforcer = policy.Enforcer(conf)
        self._enforcer.suppress_deprecation_warnings = True
        self._enforcer.register_defaults(rules())
        self._clock = clock
        self._answers: dict[tuple[str, str], tuple[float, bool]] = {}

    def is_admin(self, credentials: Mapping[str, Any]) -> bool:
        """Whether `context_is_admin` holds."""
        return self._holds("context_is_admin", credentials, credentials)

    def allows(self, rule: str, credentials: Mapping[str, Any]) -> bool:
        """Whether a rule of OPERATIONS holds, or one of own.OPERATIONS with its prefix."""
        target = {"project_id": credentials.get("project_id"), "user_id": credentials.get("user_id")}
        return self._holds(_full(rule), target, credentials)

    def _holds(self, rule: str, target: Mapping[str, Any], credentials: Mapping[str, Any]) -> bool:
        """Ask oslo.policy, or repeat what it has just said; a target is what its credentials make it."""
        key, now = (rule, repr(sorted(credentials.items()))), self._clock()
        until, answer = self._answers.get(key, (0.0, False))
        if now >= until:
            answer = bool(self._enforcer.authorize(rule, dict(target), dict(credentials)))
            if len(self._answers) >= MOST:
                self._answers.clear()
            self._answers[key] = now + REMEMBERED, answer
        return answer

    def enforce(self, rule: str, credentials: Mapping[str, Any]) -> None:
        """ApiError 403 unless the rule holds."""
        if not self.allows(rule, credentials):
            raise ApiError(403, f"Policy doesn't allow {_full(rule)} to be performed.")


def sample() -> str:
    """Return a policy file with every rule commented out."""
    return "\n".join(_sample(rule) for rule in rules())


def _sample(rule: policy.RuleDefault) -> str:
    operations = [f"# {place['method']}  {place['path']}" for place in getattr(rule, "operations", [])]
    lines = [f"# {rule.description}", *operations, f'#"{rule.name}": "{rule.check_str}"', ""]
    return "\n".join(lines)
