"""What is asked of Kubernetes' API server. It is a scripted server that answers the two paths as Kubernetes'
API reference shows them."""

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from kasugai.agents.cluster.looks.kubernetes import LEASES, NODES, KubernetesLook, server_of
from kasugai.agents.cluster.looks.web import Web
from kasugai.agents.cluster.options import KubernetesOptions
from kasugai.agents.cluster.picture import Picture, Standing
from tests.support.certificates import Certificates, issue
from tests.support.scripted_http import Asked, Says, ScriptedServer

OLD = "2020-01-01T00:00:00.000000Z"


class ApiServer:
    """A scripted API server of some nodes, two per page."""

    def __init__(self, server: ScriptedServer, certificates: Certificates, folder: Path) -> None:
        self.server, self.certificates = server, certificates
        self.ready = dict.fromkeys(("cmp1", "cmp2", "cmp3", "cmp4", "cmp5"), "True")
        self.token = folder / "token"
        self.token.write_text("hunter2\n")
        server.answers[NODES] = self._page

    def _page(self, asked: Asked) -> Says:
        begin = int(asked.query.get("continue", ["0"])[0])
        names = sorted(self.ready)[begin : begin + 2]
        more = str(begin + 2) if begin + 2 < len(self.ready) else ""
        return Says(
            {
                "kind": "NodeList",
                "metadata": {"continue": more},
                "items": [self._node(name) for name in names],
            }
        )

    def _node(self, name: str) -> dict[str, object]:
        return {
            "metadata": {"name": name},
            "status": {"conditions": [{"type": "Ready", "status": self.ready[name]}]},
        }

    def lease(self, name: str, renewed: str) -> None:
        self.server.answers[f"{LEASES}/{name}"] = Says(
            {"spec": {"renewTime": renewed, "leaseDurationSeconds": 40}}
        )

    def look(self, labels: str = "") -> Picture:
        options = KubernetesOptions(server=self.server.url, labels=labels, token_file=self.token)
        web = Web(ca_file=Path(self.certificates.ca), patience=2)
        return asyncio.run(KubernetesLook(web, options, host="cmp1").look(False))


@pytest.fixture
def api(tmp_path: Path) -> Iterator[ApiServer]:
    certificates = issue(tmp_path / "pki")
    with ScriptedServer({}, certificates=certificates) as server:
        yield ApiServer(server, certificates, tmp_path)


def standing(picture: Picture, host: str = "cmp2") -> Standing:
    assert picture.trouble == ""
    return next(member.standing for member in picture.members if member.name == host)


def test_nodes_come_page_by_page_with_token_and_labels(api: ApiServer) -> None:
    picture = api.look(labels="a=b,c")
    assert [member.name for member in picture.members] == sorted(api.ready)
    assert {member.standing for member in picture.members} == {Standing.UP}
    assert [asked.query.get("continue") for asked in api.server.asked] == [None, ["2"], ["4"]]
    assert all(asked.query["labelSelector"] == ["a=b,c"] for asked in api.server.asked)
    assert all(asked.headers["Authorization"] == "Bearer hunter2" for asked in api.server.asked)


def test_a_lease_is_read_of_whoever_is_unheard_of(api: ApiServer) -> None:
    api.ready |= {"cmp2": "Unknown", "cmp3": "False"}
    api.lease("cmp2", OLD)
    picture = api.look()
    assert standing(picture) is Standing.DOWN
    assert standing(picture, "cmp3") is Standing.UNTOLD
    assert [path for path in api.server.paths() if path.startswith(LEASES)] == [f"{LEASES}/cmp2"]


def test_without_a_lease_that_can_be_read_nothing_is_said(api: ApiServer) -> None:
    api.ready["cmp2"] = "Unknown"
    assert standing(api.look()) is Standing.UNTOLD


def test_when_most_nodes_are_unheard_of_the_view_is_doubted(api: ApiServer) -> None:
    for name in ("cmp2", "cmp3", "cmp4"):
        api.ready[name] = "Unknown"
        api.lease(name, OLD)
    assert "3 of 4 other hosts" in api.look().trouble


def test_a_token_is_read_anew_at_each_look_and_its_absence_told(api: ApiServer) -> None:
    api.token.write_text("hunter3")
    api.look()
    assert api.server.asked[0].headers["Authorization"] == "Bearer hunter3"
    api.token.unlink()
    assert "token cannot be read" in api.look().trouble


def test_an_api_server_that_refuses_is_told(api: ApiServer) -> None:
    api.server.answers[NODES] = Says({"kind": "Status"}, status=403)
    assert "answers 403" in api.look().trouble
    api.server.answers[NODES] = Says({"kind": "Status"})
    assert "no list of nodes" in api.look().trouble


def test_a_look_that_takes_too_long_is_none(api: ApiServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kasugai.agents.cluster.looks.kubernetes.PATIENCE", 0.2)
    never = threading.Event()
    api.server.answers[NODES] = Says(wait=never)
    assert "too slow" in api.look().trouble
    never.set()


def test_pages_without_end_are_given_up(api: ApiServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kasugai.agents.cluster.looks.kubernetes.MOST_PAGES", 2)
    assert "more than 100 nodes" in api.look().trouble


def test_the_server_is_the_one_that_is_set_or_a_pods_own() -> None:
    pod = {"KUBERNETES_SERVICE_HOST": "2001:db8::1", "KUBERNETES_SERVICE_PORT": "6443"}
    assert server_of(KubernetesOptions(server="https://api:6443"), pod) == "https://api:6443"
    assert server_of(KubernetesOptions(), pod) == "https://[2001:db8::1]:6443"
    with pytest.raises(ValueError, match="set \\[kubernetes\\] server"):
        server_of(KubernetesOptions(), {})
