"""GET /explain: how a host stands, why, and why not, also where nothing ever happened to it."""

import json
from dataclasses import replace

import pytest
from jsonschema import Draft202012Validator

from kasugai.api.own.openapi import described
from kasugai.api.own.rules import MOUNT
from kasugai.api.view_store import ViewStore
from kasugai.core.recovering.doors import LedgerAway
from kasugai.core.telling.documents import Round
from kasugai.core.telling.standing import Case
from kasugai.core.words.domains import Domain
from kasugai.core.words.subject import domain_subject, host_subject, segment_subject
from kasugai.core.words.verdicts import Reason, Verb
from tests.support.api_doors import Api
from tests.support.incidents import INCIDENT, OPENED, WHOLE, decided
from tests.support.memory_documents import MemoryDocuments
from tests.support.memory_views import MemoryViews
from tests.support.projections import naming, posted, shown

PATH = f"{MOUNT}/explain"


@pytest.fixture
def own() -> Api:
    """A segment of two hosts, one of which was recovered."""
    store = shown(posted(), naming(OPENED, posted()), *WHOLE[1:])
    case = store.incident(str(INCIDENT))
    assert case is not None
    views = MemoryViews(
        cases={str(INCIDENT): case},
        decided={"host/cmp1": store.verdicts("host/cmp1")},
        board=store.remembered(["host/cmp1"], [str(INCIDENT)]),
    )
    api = Api(views=views)
    segment = api.segment("rack1")
    for host in ("cmp1", "cmp2"):
        api.host(segment["uuid"], host)
    return api


def explained(api: Api, query: str) -> dict[str, object]:
    answer = api.get(f"{PATH}?{query}")
    assert answer.status == 200, answer.body
    document = described()
    schema = document["paths"][PATH]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    Draft202012Validator(schema | {"components": document["components"]}).validate(answer.body)
    found: dict[str, object] = answer.body["explain"]
    return found


def test_a_host_to_which_nothing_happened_is_explained(own: Api) -> None:
    found = explained(own, "subject=cmp2")
    assert found["subject"] == "host/cmp2" and found["verdicts"] == found["plans"] == []
    assert found["standing"] == {
        "host": "cmp2",
        "segment": "rack1",
        "state": "in-service",
        "protected": True,
        "reason": None,
        "meaning": None,
    }
    assert isinstance(found["sentences"], list) and "nothing is known against it" in found["sentences"][0]


def test_a_host_that_was_recovered_is_explained_with_verdicts_and_plan(own: Api) -> None:
    found = explained(own, "subject=host/cmp1&limit=1")
    verdicts, plans = found["verdicts"], found["plans"]
    assert isinstance(verdicts, list) and isinstance(plans, list)
    assert [verdict["verb"] for verdict in verdicts] == ["close"]
    assert [plan["incident"] for plan in plans] == [str(INCIDENT)]
    assert len(explained(own, "subject=cmp1")["verdicts"]) == 2  # type: ignore[arg-type]


def test_hosts_that_failed_together_are_explained_by_what_they_share(own: Api) -> None:
    pdu = domain_subject(Domain(kind="pdu", name="p1"))
    joined = replace(decided(Verb.ALERT, Reason.FAILED_TOGETHER, None), subject=pdu, hosts=("cmp1", "cmp2"))
    own.views.decided[pdu.name] = shown(joined).verdicts(pdu.name)
    for word in ("pdu/p1", "domain/pdu/p1"):
        found = explained(own, f"subject={word}")
        verdicts = found["verdicts"]
        assert found["subject"] == "domain/pdu/p1" and isinstance(verdicts, list)
        assert [verdict["hosts"] for verdict in verdicts] == [["cmp1", "cmp2"]]


def test_what_is_not_protected_says_why_in_words(own: Api) -> None:
    segment = own.segment("rack2", enabled=False)
    own.host(segment["uuid"], "cmp3")
    found = explained(own, "subject=cmp3")
    standing = found["standing"]
    assert isinstance(standing, dict) and (standing["protected"], standing["reason"]) == (False, "disarmed")
    assert standing["meaning"] in found["sentences"]  # type: ignore[operator]


def test_whom_nobody_knows_is_404_and_whom_nobody_names_400(own: Api) -> None:
    assert own.get(f"{PATH}?subject=nobody").status == 404
    assert own.get(PATH).status == own.get(f"{PATH}?subject=cmp1&limit=x").status == 400
    own.views.is_current = False
    assert own.get(f"{PATH}?subject=cmp1").status == 503


@pytest.mark.parametrize("word", ["rack1", "segment/rack1"])
def test_a_segment_is_explained_by_its_verdicts(own: Api, word: str) -> None:
    disarm = replace(decided(Verb.DISARM, Reason.COMMAND, None, "ann: why"), subject=segment_subject("rack1"))
    store = shown(naming(disarm))
    own.views.decided["segment/rack1"] = store.verdicts("segment/rack1")
    found = explained(own, f"subject={word}")
    assert (found["subject"], found["standing"]) == ("segment/rack1", None)


def test_what_is_remembered_is_found_by_name_and_nothing_else_is_read() -> None:
    store = shown(posted(), naming(OPENED, posted()), *WHOLE[1:])
    found = store.remembered(["host/cmp1"], [str(INCIDENT)])
    assert any(isinstance(each, Case) and each.subject == host_subject("cmp1") for each in found)
    assert store.remembered(["host/cmp7"], []) == store.remembered([], []) == ()


def test_what_is_none_of_ours_is_told_and_computed_anew() -> None:
    documents = MemoryDocuments()
    documents.own("p")
    documents.write("p", Round(board={"incident/x": json.dumps([{"cmp1": 1}])}))
    with pytest.raises(LedgerAway, match="computed anew"):
        ViewStore(documents).remembered([], ["x"])
