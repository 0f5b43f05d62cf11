"""Which rights are asked about, and how: each question is without an effect, whatever the answer.

Who asks them, and what the answers mean, is the business of `rights`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from kasugai.adapters.nova.session import Service
from kasugai.adapters.nova.wire import Microversion
from kasugai.core.words.subject import Kind

NOBODY = "00000000-0000-4000-8000-000000000000"
"""An id that nothing has."""
NOWHERE = "kasugai-asks-for-a-right"
"""A host that nobody has: Nova looks for it after its policy and before anything else."""

ALL = frozenset({Kind.HOST, Kind.INSTANCE, Kind.PROCESS})
HOSTS, GUESTS = frozenset({Kind.HOST}), frozenset({Kind.INSTANCE})
NOBODYS: frozenset[Kind] = frozenset()
"""Which pools can do nothing without a right: those of these kinds; none, where only some recoveries need it."""

BASIC: Microversion = (2, 53)
PAGED: Microversion = (2, 59)
"""From where on migrations come in pages."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked about one right."""

    rule: str
    what: str
    method: str
    path: str
    needed_by: frozenset[Kind] = HOSTS
    params: Mapping[str, str] | None = None
    body: object = None
    service: Service = Service.NOVA
    highest: Microversion = BASIC


SERVERS = "os_compute_api:servers:detail:get_all_tenants"
ATTRIBUTES = "os_compute_api:os-extended-server-attributes"
EVACUATE = "os_compute_api:os-evacuate"
WHERE = "see which host a guest is on"
SPECS = "os_compute_api:servers:show:flavor-extra-specs"
MARKS = "see marks and priorities in flavors"
SHOW = "os_compute_api:servers:show"
ACTIONS = "os_compute_api:os-instance-actions:list"
ACTION = "os_compute_api:os-instance-actions:show"
CONDUCTORS = "see what Nova's conductor gave up"
WISHES = f"see what a guest's user asked for, and {CONDUCTORS.removeprefix('see ')}"
FILTERS = "os_compute_api:servers:allow_all_filters"
PLACES = "os_compute_api:os-migrations:index:host"

QUESTIONS = (
    Question(
        rule="os_compute_api:os-services:list",
        what="see whether nova-compute lives",
        method="GET",
        needed_by=ALL,
        path="/os-services",
        params={"binary": "nova-compute", "host": NOWHERE},
    ),
    Question(
        rule="os_compute_api:os-migrations:index",
        what="see what becomes of an evacuation",
        method="GET",
        path="/os-migrations",
        params={"source_compute": NOWHERE},
    ),
    Question(
        rule="os_compute_api:os-services:update",
        what="force a dead host down, disable one whose process has failed",
        method="PUT",
        needed_by=frozenset({Kind.HOST, Kind.PROCESS}),
        path=f"/os-services/{NOBODY}",
        body={"status": "enabled"},
    ),
    Question(
        rule="os_compute_api:os-hypervisors:list-detail",
        what="see which host has the room that Placement tells of",
        method="GET",
        path="/os-hypervisors/detail",
        needed_by=NOBODYS,
        params={"limit": "1"},
    ),
    Question(
        rule="placement:allocation_candidates:list",
        what="ask Placement who has room",
        method="GET",
        path="/allocation_candidates",
        needed_by=NOBODYS,
        params={"resources": "VCPU:1", "limit": "1"},
        service=Service.PLACEMENT,
    ),
    Question(
        rule="os_compute_api:os-server-groups:index:all_projects",
        what="see which guests may not be together on a host (kasugai whatif)",
        method="GET",
        path="/os-server-groups",
        needed_by=NOBODYS,
        params={"all_projects": "True", "limit": "1"},
    ),
    Question(
        rule="os_compute_api:os-aggregates:index",
        what="see the aggregates that a reserve has to join, and with evacuate-all: no the marks in their metadata",
        method="GET",
        path="/os-aggregates",
        needed_by=NOBODYS,
    ),
    Question(
        rule="os_compute_api:os-aggregates:add_host",
        what="let a reserve join aggregates",
        method="POST",
        path="/os-aggregates/2147483647/action",
        body={"add_host": {"host": NOWHERE}},
        needed_by=NOBODYS,
    ),
)

TAGS = Question(
    rule="identity:list_project_tags",
    what="see the tags of projects (exclude-project-tags)",
    method="GET",
    path=f"/projects/{NOBODY}/tags",
    needed_by=NOBODYS,
    service=Service.KEYSTONE,
)
SILENT = (
    (
        "os_compute_api:os-admin-actions:reset_state",
        "evacuate guests in other states than Nova evacuates",
        NOBODYS,
    ),
    (
        "os_compute_api:servers:stop",
        "leave a guest stopped that was stopped, restart one that failed",
        GUESTS,
    ),
    ("os_compute_api:servers:start", "start a guest again", GUESTS),
    (
        "os_compute_api:os-migrate-server:migrate",
        "move a guest that goes on failing (restart-then: relocate), or that is off (degraded-cold: stopped)",
        NOBODYS,
    ),
    (
        "os_compute_api:os-migrate-server:migrate:host",
        "say which host takes a guest that is off (degraded-cold: stopped)",
        NOBODYS,
    ),
    (
        "os_compute_api:os-migrate-server:migrate_live",
        "move guests away from a degraded host (degraded: drain)",
        NOBODYS,
    ),
    (
        "os_compute_api:os-migrate-server:migrate_live:host",
        "say which host takes a guest of a degraded one",
        NOBODYS,
    ),
    ("os_compute_api:servers:confirm_resize", "let its former host go of a guest that was moved so", NOBODYS),
)
"""Rules whose question would act on a guest."""
