"""What Nova's service records say of hosts, look by look."""

from dataclasses import replace

import pytest

from kasugai.core.recovering.nova_views import ServicesView, ServiceView
from kasugai.core.words.signals import Symptom
from kasugai.observers.seen import NoOpinion, Seen
from kasugai.observers.services import Records

HOSTS = frozenset({"cmp1", "cmp2"})
STALE = 15.0


def row(host: str = "cmp1", updated_at: str = "t1", age: float = 1.0, **changes: object) -> ServiceView:
    fresh = ServiceView(
        service_id=host,
        host=host,
        is_up=True,
        is_enabled=True,
        forced_down=False,
        updated_at=updated_at,
        age=age,
        age_is_bound=False,
    )
    return replace(fresh, **changes)  # type: ignore[arg-type]


class Looks:
    """One reader, told row by row of cmp1; cmp2 is well."""

    def __init__(self) -> None:
        self.records = Records(STALE)
        self.n = 0

    def look(self, updated_at: str, age: float, **changes: object) -> list[tuple[Symptom, str]]:
        self.n += 1
        view = ServicesView(computes=(row("cmp1", updated_at, age, **changes), row("cmp2", f"other{self.n}")))
        return [(seen.symptom, seen.episode) for seen in self.records.judge(view, HOSTS)]


def test_a_record_is_down_once_it_is_older_than_a_report_may_be() -> None:
    looks = Looks()
    assert looks.look("t1", 15.0) == []
    assert looks.look("t1", 15.1) == [(Symptom.DOWN, "t1")]
    assert looks.look("t1", 300.0) == [(Symptom.DOWN, "t1")], "the same episode for as long as it stands"


def test_the_first_report_takes_it_back_and_the_second_is_a_sign_of_life() -> None:
    looks = Looks()
    looks.look("t1", 20.0)
    assert looks.look("t2", 1.0) == [(Symptom.CLEAR, "t1")]
    assert looks.look("t2", 9.0) == [(Symptom.CLEAR, "t1")]
    assert looks.look("t3", 1.0) == [(Symptom.ALIVE, "t1")]
    assert looks.look("t4", 1.0) == []


def test_a_put_is_no_report() -> None:
    looks = Looks()
    looks.look("t1", 20.0)
    assert looks.look("put", 0.0, is_enabled=False, disabled_reason="by hand") == [(Symptom.DOWN, "t1")]
    assert looks.look("put", 20.0, is_enabled=False, disabled_reason="by hand") == [(Symptom.DOWN, "t1")]


def test_one_put_that_changes_nothing_is_no_sign_of_life() -> None:
    looks = Looks()
    looks.look("t1", 20.0)
    assert looks.look("put", 0.0) == [(Symptom.CLEAR, "t1")]
    assert looks.look("put", 16.0) == [(Symptom.DOWN, "put")]


def test_forced_down_is_no_death_and_ends_none() -> None:
    looks = Looks()
    assert looks.look("t1", 100.0, forced_down=True) == []
    looks = Looks()
    looks.look("t1", 20.0)
    assert looks.look("put", 0.0, forced_down=True) == [(Symptom.DOWN, "t1")]


def test_a_host_that_reports_while_it_is_forced_down_is_not_in_service() -> None:
    looks = Looks()
    looks.look("t1", 20.0)
    looks.look("put", 0.0, forced_down=True)
    assert looks.look("t2", 0.0, forced_down=True) == [(Symptom.CLEAR, "t1")]
    assert looks.look("t3", 0.0, forced_down=True) == [(Symptom.CLEAR, "t1")]
    assert looks.look("put2", 0.0) == [(Symptom.CLEAR, "t1")], "the mark is lifted: a PUT"
    assert looks.look("t4", 0.0) == [(Symptom.ALIVE, "t1")]


def test_a_disabled_host_that_reports_is_well() -> None:
    looks = Looks()
    assert looks.look("t1", 1.0, is_enabled=False) == []
    assert looks.look("t1", 30.0, is_enabled=False) == [(Symptom.DOWN, "t1")]


def test_a_host_that_never_reported_is_nobodys_concern() -> None:
    assert Looks().look("", 0.0) == []


def test_strangers_are_left_out() -> None:
    view = ServicesView(computes=(row("ironic1", age=100.0), row("cmp2")))
    assert Records(STALE).judge(view, HOSTS) == []


def test_when_all_are_silent_it_is_nova_that_is() -> None:
    with pytest.raises(NoOpinion, match="says more of Nova"):
        Records(STALE).judge(ServicesView(computes=(row("cmp1", age=20.0), row("cmp2", age=20.0))), HOSTS)
    with pytest.raises(NoOpinion, match="no nova-conductor is up"):
        Records(STALE).judge(
            ServicesView(computes=(row("cmp1", age=20.0), row("cmp2")), unwell=frozenset({"nova-conductor"})),
            HOSTS,
        )


def test_the_only_host_of_a_cloud_may_be_down() -> None:
    found = Records(STALE).judge(ServicesView(computes=(row("cmp1", age=20.0),)), HOSTS)
    assert found == [Seen(host="cmp1", symptom=Symptom.DOWN, episode="t1")]
