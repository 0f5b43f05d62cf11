"""An administrator's hands on the real services: Keystone's users and catalog, Nova's guests and hosts.

It knows requests, and judges nothing.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import requests
from keystoneauth1.adapter import Adapter
from keystoneauth1.identity import v3
from keystoneauth1.session import Session

from acceptance.inside.stub import IMAGE
from acceptance.stack.layout import ADMIN, PASSWORD, REGION, USERS, Layout, User

NEWEST = "2.96"
"""The microversion of what is read here: a guest's host, its faults, who locked it and why."""
FLAVOR = "1"
"""Its id; the suite of the port knows it."""
BOOTS = 6
"""Guests that are asked for at a time."""
INSTANCE_ACTION = "evacuate"

Row = Mapping[str, Any]


class Admin:
    """One session of one user."""

    def __init__(self, layout: Layout, user: User = ADMIN, name: str = "acceptance") -> None:
        """Nothing is sent yet. `name`: as whom Nova's log knows its requests."""
        self._layout = layout
        self._auth = v3.Password(
            auth_url=layout.auth_url,
            username=user.name,
            password=PASSWORD,
            project_name=user.project,
            user_domain_id="default",
            project_domain_id="default",
        )
        self.session = Session(auth=self._auth, timeout=120, user_agent=name)
        self._nova = Adapter(session=self.session, service_type="compute", region_name=REGION)
        self._masakari = Adapter(session=self.session, service_type="instance-ha", region_name=REGION)
        self._placement = Adapter(session=self.session, service_type="placement", region_name=REGION)
        self._keystone = Adapter(session=self.session, endpoint_override=layout.auth_url)

    # Keystone.

    def furnish(self) -> None:
        """Make the users with their projects and roles, and the catalog."""
        for user in USERS:
            role = self._named("roles", user.role)
            project = self._named("projects", user.project, domain_id="default")
            found = self._named("users", user.name, domain_id="default", password=PASSWORD)
            self._keystone.put(f"/projects/{project}/users/{found}/roles/{role}")
        for kind, (name, address) in self._layout.endpoints.items():
            service = self._named("services", name, type=kind)
            for interface in ("public", "internal", "admin"):
                endpoint = {
                    "service_id": service,
                    "interface": interface,
                    "url": address,
                    "region_id": REGION,
                }
                self._keystone.post("/endpoints", json={"endpoint": endpoint})
        self._auth.invalidate()  # the token at hand holds a catalog without them

    def give_role(self, user: str, project: str, role: str) -> None:
        """Give a user a role in a project, which is named by its id."""
        who, what = self._named("users", user), self._named("roles", role)
        self._keystone.put(f"/projects/{project}/users/{who}/roles/{what}")

    def _named(self, what: str, name: str, **more: object) -> str:
        rows = self._keystone.get(f"/{what}", params={"name": name}).json()[what]
        for row in rows:
            if row["name"] == name:
                return str(row["id"])
        one = what.removesuffix("s")
        body = {one: {"name": name, **more}}
        return str(self._keystone.post(f"/{what}", json=body).json()[one]["id"])

    # Nova's hosts.

    def services(self) -> list[Row]:
        """Return the records of all nova-computes."""
        found: list[Row] = self.get("/os-services", binary="nova-compute")["services"]
        return found

    def service(self, host: str) -> Row:
        """Return one host's."""
        return next(row for row in self.services() if row["host"] == host)

    def change_service(self, host: str, **what: object) -> requests.Response:
        """Change a host's record and return Nova's answer."""
        return self.ask("PUT", f"/os-services/{self.service(host)['id']}", json=what)

    # Nova's guests.

    def make_flavor(self) -> None:
        """Make the flavor that every guest here has."""
        body = {"flavor": {"id": FLAVOR, "name": "acceptance", "ram": 64, "vcpus": 1, "disk": 1}}
        self.ask("POST", "/flavors", json=body).raise_for_status()

    def boot(self, host: str, names: Sequence[str], within: float = 300.0) -> dict[str, str]:
        """Boot guests on a host, wait until all are ACTIVE, and return their ids by name."""

        def one(name: str) -> str:
            server = {
                "name": name,
                "flavorRef": FLAVOR,
                "imageRef": IMAGE,
                "networks": "none",
                "host": host,
            }
            answer = self.ask("POST", "/servers", json={"server": server})
            if answer.status_code != 202:
                raise RuntimeError(f"Nova does not boot {name}: {answer.status_code} {answer.text}")
            return str(answer.json()["server"]["id"])

        with ThreadPoolExecutor(BOOTS) as threads:
            ids = dict(zip(names, threads.map(one, names), strict=True))
        self.await_status(list(ids.values()), "ACTIVE", within)
        return ids

    def await_status(self, ids: Sequence[str], status: str, within: float = 120.0) -> None:
        """Wait until all of these guests have it; TimeoutError says which do not."""
        deadline = time.monotonic() + within
        while True:
            states = {row["id"]: row["status"] for row in self.guests()}
            left = {uuid: states.get(uuid) for uuid in ids if states.get(uuid) != status}
            if not left:
                return
            if time.monotonic() > deadline:
                raise TimeoutError(f"not {status} within {within:.0f} s: {left}")
            time.sleep(0.5)

    def guests(self, host: str = "") -> list[Row]:
        """Return all guests, or those on a host."""
        return list(self._pages(f"/servers/detail?all_tenants=True{f'&host={host}' if host else ''}"))

    def _pages(self, path: str) -> Iterator[Row]:
        while path:
            body = self.get(path)
            yield from body["servers"]
            links = [link["href"] for link in body.get("servers_links", ()) if link["rel"] == "next"]
            path = links[0] if links else ""

    def guest(self, uuid: str) -> Row:
        """Return one guest."""
        found: Row = self.get(f"/servers/{uuid}")["server"]
        return found

    def act(
        self, uuid: str, action: str, argument: object = None, version: str = NEWEST
    ) -> requests.Response:
        """Do something to a guest and return Nova's answer."""
        return self.ask("POST", f"/servers/{uuid}/action", json={action: argument}, microversion=version)

    def actions(self, uuid: str) -> list[Row]:
        """Return what was ever asked of a guest, by Nova's own book."""
        found: list[Row] = self.get(f"/servers/{uuid}/os-instance-actions")["instanceActions"]
        return found

    def evacuations(self, source: str) -> list[Row]:
        """Return the evacuation records of a source host (one page: at most a thousand)."""
        body = self.get("/os-migrations", source_compute=source, migration_type="evacuation")
        found: list[Row] = body["migrations"]
        return found

    def delete_all(self, within: float = 120.0) -> None:
        """Delete every guest and wait until they are gone; one that is in the middle of something is let go first."""
        deadline = time.monotonic() + within
        while rows := self.guests():
            if time.monotonic() > deadline:
                raise TimeoutError(f"not deleted within {within:.0f} s: {[row['id'] for row in rows]}")
            with ThreadPoolExecutor(BOOTS) as threads:
                list(threads.map(self._delete, rows))
            time.sleep(0.5)

    def _delete(self, row: Row) -> None:
        if row["OS-EXT-STS:task_state"] not in (None, "deleting"):
            self.act(row["id"], "os-resetState", {"state": "active"})
        if row["OS-EXT-STS:task_state"] != "deleting":
            self.ask("DELETE", f"/servers/{row['id']}")

    def delete_furniture(self) -> None:
        """Delete every aggregate, and every flavor but the usual one."""
        for aggregate in self.get("/os-aggregates")["aggregates"]:
            for host in aggregate["hosts"]:
                body = {"remove_host": {"host": host}}
                self.ask("POST", f"/os-aggregates/{aggregate['id']}/action", json=body).raise_for_status()
            self.ask("DELETE", f"/os-aggregates/{aggregate['id']}").raise_for_status()
        for flavor in self.get("/flavors")["flavors"]:
            if flavor["id"] != FLAVOR:
                self.ask("DELETE", f"/flavors/{flavor['id']}").raise_for_status()

    # Requests.

    def get(self, path: str, **params: str) -> Any:
        """Return the body of a read that Nova must allow."""
        answer = self.ask("GET", path, params=params)
        answer.raise_for_status()
        return answer.json()

    def ask(self, method: str, path: str, **more: Any) -> requests.Response:
        """Ask Nova anything and return its answer, whatever it is."""
        return self._nova.request(path, method, raise_exc=False, **{"microversion": NEWEST, **more})

    def ask_keystone(self, method: str, path: str, **more: Any) -> requests.Response:
        """Ask Keystone anything and return its answer, whatever it is."""
        return self._keystone.request(path, method, raise_exc=False, **more)

    def ask_masakari(self, method: str, path: str, **more: Any) -> requests.Response:
        """Ask Masakari's API anything and return its answer, whatever it is."""
        return self._masakari.request(path, method, raise_exc=False, **more)

    def ask_placement(self, method: str, path: str, **more: Any) -> requests.Response:
        """Ask Placement anything and return its answer, whatever it is."""
        return self._placement.request(path, method, raise_exc=False, **more)
