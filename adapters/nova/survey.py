"""Nova and Placement read as a whole: all guests, all server groups, and everybody's offer to guests of some needs.

Only reads, in pages and by kind of need: never one for each guest. What they mean is `core.recovering.forecasting`'s.
"""

from collections.abc import AsyncGenerator

from kasugai.adapters.nova import placing, views
from kasugai.adapters.nova.cloud import BASIC, NovaCloud
from kasugai.adapters.nova.paging import each_page
from kasugai.adapters.nova.session import Service
from kasugai.adapters.nova.wire import Ask, understood
from kasugai.core.recovering.doors import CloudAway
from kasugai.core.recovering.nova_views import GroupView, GuestView, Needs, OffersView

RULES = (2, 64)
"""From which on a server group tells how many of its members may be on one host."""
PAGE = 1000
"""Rows that a page is asked for; Nova gives fewer where its max_limit says so."""
PAGES = 1000
"""Pages at most."""


class NovaSurvey(NovaCloud):
    """Nova, as far as a what-if needs it."""

    async def all_guests(self) -> AsyncGenerator[list[GuestView], None]:
        """Yield the servers of all projects, page by page. CloudAway, CloudRefused."""
        async for page in self._guest_pages({}):
            yield page

    async def guests_of_project(self, project: str) -> AsyncGenerator[list[GuestView], None]:
        """Yield the servers of a project, page by page. CloudAway, CloudRefused."""
        async for page in self._guest_pages({"project_id": project}):
            yield [guest for guest in page if guest.project == project]

    async def _guest_pages(self, which: dict[str, str]) -> AsyncGenerator[list[GuestView], None]:
        ask = Ask(
            method="GET",
            path="/servers/detail",
            lowest=BASIC,
            highest=BASIC,
            params={"all_tenants": "True", **which},
        )
        async for rows in each_page(self._wire, ask, "servers", PAGES):
            yield [views.guest(row) for row in rows]

    @understood
    async def groups(self) -> tuple[GroupView, ...]:
        """Return the server groups of all projects. Nova shows those of its own to whom it takes for no administrator,
        and does not say so: `is_shown_all`."""
        found: list[GroupView] = []
        for _ in range(PAGES):
            ask = Ask(
                method="GET",
                path="/os-server-groups",
                lowest=BASIC,
                highest=RULES,
                params={"all_projects": "True", "limit": str(PAGE), "offset": str(len(found))},
            )
            rows = views.pick((await self._wire.send(ask)).body, "server_groups")
            if not rows:
                return tuple(found)
            found += map(views.group, rows)
        raise CloudAway(f"GET /os-server-groups: the list has more than {PAGES} pages")

    @understood
    async def offers(self, needs: Needs) -> OffersView:
        """Return who could take a guest with these needs, by Placement. CloudRefused when the catalog has no Placement
        or it does not let us ask."""
        ask = Ask(
            method="GET",
            path="/allocation_candidates",
            lowest=BASIC,
            highest=BASIC,
            params=placing.query(needs, limit=None),
            service=Service.PLACEMENT,
        )
        body = (await self._wire.send(ask)).body
        roots = {each["root_provider_uuid"] for each in body["provider_summaries"].values()}
        return placing.offers(body, await self._hypervisors.hosts_of(roots))
