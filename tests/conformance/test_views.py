"""What every store of the views must do (api/documents.py): one suite, played in memory and on a real Redis."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from kasugai.adapters import redis_views
from kasugai.adapters.redis_round import PREFIX
from kasugai.adapters.redis_views import RedisViews
from kasugai.api.documents import Documents
from kasugai.api.ports import UnknownMarker, Views
from kasugai.api.projection.projector import Projector
from kasugai.api.view_store import ViewStore, member_of
from kasugai.api.views import NotificationView, Status
from kasugai.core.recovering.doors import LedgerAway
from kasugai.core.telling.documents import Index, Kept, NotOwner, Round
from tests.support.incidents import BANK, INCIDENT, OPENED, SHOP, WHOLE
from tests.support.memory_documents import MemoryDocuments
from tests.support.memory_views import MemoryViews
from tests.support.projections import UUID_1, came, naming, posted, projected
from tests.support.redis import RedisServer
from tests.support.workers import eventually

STORY = came(posted(), naming(OPENED, posted()), *WHOLE[1:])


@pytest.fixture(params=["memory", pytest.param("redis", marks=pytest.mark.integration)])
def documents(request: pytest.FixtureRequest) -> Iterator[Documents]:
    """An empty store."""
    if request.param == "memory":
        yield MemoryDocuments()
        return
    server: RedisServer = request.getfixturevalue("redis_server")
    store = RedisViews.from_url(server.url)
    store.drop()
    yield store
    store.close()


def notification(n: int, at: int = 1_000) -> NotificationView:
    return NotificationView(
        number=n,
        notification_uuid=f"00000000-0000-4000-8000-{n:012d}",
        type="COMPUTE_HOST",
        generated_time="2026-11-18T11:06:39.000000",
        source_host_uuid=f"host-{n}",
        payload={"event": "STOPPED"},
        created_at=at,
    )


def play(documents: Documents, owner: str = "me") -> None:
    assert documents.own(owner)
    projector = Projector(documents, owner)
    projector.take(STORY, {"kasugai.recovery/0": 7})
    while not projector.is_done:
        projector.project(is_current=True)


def test_what_is_listed_and_not_there_is_told_and_computed_anew(documents: Documents) -> None:
    """A Redis that evicts takes a text, and the list goes on naming it: no answer is better than a shorter one."""
    play(documents)
    views = ViewStore(documents)
    whole = everything(views)
    lose(documents, f"incident/{INCIDENT}")
    asks: list[Callable[[], object]] = [
        lambda: list(views.incidents()),
        lambda: views.incident(str(INCIDENT)),
    ]
    for ask in asks:
        with pytest.raises(LedgerAway, match="is lost"):
            ask()
        assert not views.caught_up() and documents.progress() == {}
    with pytest.raises(NotOwner):
        documents.write("me", Round())
    play(documents)
    assert views.caught_up() and everything(views) == whole


def test_some_of_what_is_remembered_is_what_all_of_it_has_there(documents: Documents) -> None:
    play(documents)
    whole = documents.board()
    known = sorted(whole)[:2]
    assert documents.board_of([*known, "nobody"]) == {bucket: whole[bucket] for bucket in known} != {}
    assert documents.board_of([]) == {}


@pytest.mark.parametrize("index", Index)
def test_what_somebody_else_has_listed_is_passed_over(documents: Documents, index: Index) -> None:
    play(documents)
    views = ViewStore(documents)
    whole = everything(views)
    documents.write("me", Round(listed={(index, "somebody/else's"): 2**50}))
    assert views.caught_up() and everything(views) == whole


def test_a_notification_that_is_listed_and_not_there_is_told_also_when_it_is_asked_for_by_its_uuid(
    documents: Documents,
) -> None:
    play(documents)
    views = ViewStore(documents)
    (first, *_) = views.notifications()
    assert views.notification("00000000-0000-4000-8000-00000000dead") is None
    lose(documents, f"notification/{first.notification_uuid}")
    for ask in (views.notification, views.details, views.vmoves):
        with pytest.raises(LedgerAway, match="is lost"):
            ask(first.notification_uuid)
        assert not views.caught_up()
    play(documents)
    assert views.notification(first.notification_uuid) == first


@pytest.mark.integration
@pytest.mark.parametrize("key", ["busy", "out", "projects", "board", *Index])
def test_a_list_that_redis_has_evicted_is_never_an_empty_list(redis_server: RedisServer, key: str) -> None:
    documents = RedisViews.from_url(redis_server.url)
    documents.drop()
    play(documents)
    views = ViewStore(documents)
    whole, busy = everything(views), (views.busy_hosts(), views.hosts_out())
    assert views.caught_up()
    documents._client.delete(PREFIX + key)
    assert not views.caught_up()
    with pytest.raises(NotOwner, match="is missing"):
        documents.write("me", Round(is_current=True))
    assert documents.progress() == {}
    play(documents)
    assert views.caught_up() and (everything(views), (views.busy_hosts(), views.hosts_out())) == (whole, busy)
    assert busy[1], "the story's host is out"
    documents.close()


@pytest.mark.integration
@pytest.mark.parametrize("spoil", ["type", "bytes"])
@pytest.mark.parametrize(
    "key",
    [
        *("owner", "busy", "out", "progress", "dirty", "parts", "records/x", "text"),
        *("projects", "board", f"project/{SHOP}", *Index),
    ],
)
def test_what_is_no_view_is_dropped_with_all_of_them_and_they_are_computed_anew(
    redis_server: RedisServer, key: str, spoil: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It ended the projector, and again at each of its starts."""
    documents = RedisViews.from_url(redis_server.url)
    documents.drop()
    play(documents)
    views = ViewStore(documents)
    whole = everything(views)
    client = documents._client
    with monkeypatch.context() as soon:
        soon.setattr(redis_views, "OWNED", 200)
        _spoil_and_own_again(documents, client, key, spoil)
    play(documents)
    assert views.caught_up() and everything(views) == whole
    documents.close()


def _spoil_and_own_again(documents: RedisViews, client: Any, key: str, spoil: str) -> None:
    assert documents.own("me")
    write_there(client, PREFIX + key, spoil)
    for _ in range(3):
        with suppress(LedgerAway, NotOwner):
            ask_all(documents)
    eventually(lambda: documents.own("me"))


def write_there(client: Any, key: str, spoil: str) -> None:
    """Write what is no view of ours."""
    kind = client.type(key)
    if spoil == "type":
        client.delete(key)
        client.xadd(key, {"not": "ours"})
    elif kind == b"hash":
        client.hset(key, "kasugai.recovery/0", b"\xff")
    elif kind == b"set":
        client.sadd(key, b"\xff")
    elif kind == b"zset":
        client.zadd(key, {b"\xff": 10**15})
    else:
        client.set(key, b"\xff")


def ask_all(documents: RedisViews) -> None:
    """Ask for everything that may be asked for, and write."""
    documents.own("me")
    lists = (documents.busy, documents.out, documents.board)
    for ask in (documents.progress, documents.dirty, *lists, documents.is_current):
        ask()
    documents.records("x")
    documents.board_of(["incident/x"])
    documents.get("text")
    documents.newest_of(SHOP, None, 9)
    documents.is_of(SHOP, "m")
    for index in Index:
        documents.newest(index, None, 9)
        documents.has(index, "m")
    documents.write("me", Round(is_current=True))


def lose(documents: Documents, name: str) -> None:
    """Take a text away as an eviction does."""
    if isinstance(documents, MemoryDocuments):
        del documents.texts[name]
    elif isinstance(documents, RedisViews):
        documents._client.delete(PREFIX + name)


def everything(views: Views) -> object:
    case = str(INCIDENT)
    return (
        list(views.notifications()),
        list(views.incidents()),
        views.notification(UUID_1),
        views.details(UUID_1),
        views.vmoves(UUID_1),
        views.incident(case),
        views.timeline(case),
        views.verdicts("host/cmp1"),
        views.busy_hosts(),
        list(views.recoveries(SHOP)),
        views.caught_up(),
    )


def test_a_story_reads_the_same_everywhere(documents: Documents) -> None:
    play(documents)
    found = everything(ViewStore(documents))
    assert found == everything(ViewStore(projected(STORY)))
    assert len(ViewStore(documents).vmoves(UUID_1)) == 3


def test_dropped_views_are_rebuilt_to_the_byte(documents: Documents) -> None:
    names = sorted(projected(STORY).texts)
    play(documents)
    before = documents.many(names)
    documents.drop()
    assert everything(ViewStore(documents)) == ([], [], None, (), (), None, (), (), frozenset(), [], False)
    assert not documents.progress() and not documents.dirty()
    assert not documents.records(f"incident/{INCIDENT}")
    play(documents, "another")
    assert documents.many(names) == before and None not in before


def test_nothing_is_there_at_first(documents: Documents) -> None:
    assert everything(ViewStore(documents)) == ([], [], None, (), (), None, (), (), frozenset(), [], False)


@pytest.mark.parametrize("kind", ["documents", "fake"])
def test_lists_are_read_newest_first_and_go_on_after_a_marker(documents: Documents, kind: str) -> None:
    views: Views = ViewStore(documents) if kind == "documents" else MemoryViews()
    for n, at in ((1, 1_000), (12, 2_000), (7, 2_000), (3, 500)):
        views.accept(notification(n, at))
    assert [view.number for view in views.notifications()] == [12, 7, 1, 3]
    assert [view.number for view in views.notifications(after=7)] == [1, 3]
    with pytest.raises(UnknownMarker):
        list(views.notifications(after=4))
    with pytest.raises(UnknownMarker):
        list(views.incidents(after=str(INCIDENT)))
    assert views.busy_hosts() == {"host-1", "host-12", "host-7", "host-3"}


def test_a_long_list_is_read_to_its_end(documents: Documents) -> None:
    views = ViewStore(documents)
    for n in range(1, 402):
        views.accept(notification(n, at=n // 10))
    assert [view.number for view in views.notifications()] == list(range(401, 0, -1))


def test_a_project_is_shown_its_own_alone(documents: Documents) -> None:
    play(documents)
    views = ViewStore(documents)
    for project, names in ((SHOP, {"web1", ""}), (BANK, {"batch1"})):
        rows = list(views.recoveries(project))
        assert {row.name for row in rows} == names
        assert [views.recovery(project, row.recovery) for row in rows] == rows
        (other,) = {SHOP, BANK} - {project}
        assert {views.recovery(other, row.recovery) for row in rows} == {None}
        for row in rows:
            with pytest.raises(UnknownMarker):
                views.recoveries(other, row.recovery)
    assert list(views.recoveries("")) == list(views.recoveries("nobody")) == []


def test_a_projects_list_is_read_in_pages_to_its_end(documents: Documents) -> None:
    assert documents.own("me")
    listed = {("p", f"m{n:03d}"): n // 10 for n in range(450)} | {("p/x", "m000"): 1}
    documents.write("me", Round(owned=listed))
    found: list[str] = []
    while page := documents.newest_of("p", found[-1] if found else None, 200):
        found += page
    assert found == [f"m{n:03d}" for n in reversed(range(450))]
    assert documents.newest_of("p", "nobody", 9) == [] and documents.newest_of("q", None, 9) == []
    assert (
        documents.is_of("p", "m000") and not documents.is_of("p", "m999") and not documents.is_of("q", "m1")
    )
    documents.drop()
    assert documents.newest_of("p", None, 9) == []


@pytest.mark.integration
def test_a_projects_list_that_redis_has_lost_is_never_an_empty_list(redis_server: RedisServer) -> None:
    documents = RedisViews.from_url(redis_server.url)
    documents.drop()
    play(documents)
    views = ViewStore(documents)
    whole = everything(views)
    documents._client.delete(f"{PREFIX}project/{SHOP}")
    with pytest.raises(LedgerAway, match="list is lost"):
        list(views.recoveries(SHOP))
    assert not views.caught_up()
    play(documents)
    assert everything(views) == whole
    row = next(views.recoveries(SHOP))
    lose(documents, f"recovery/{row.recovery}/{SHOP}")
    with pytest.raises(LedgerAway, match="is lost"):
        views.recovery(SHOP, row.recovery)
    documents.close()


@pytest.mark.integration
def test_what_is_too_old_is_taken_off_a_projects_list(redis_server: RedisServer) -> None:
    documents = RedisViews.from_url(redis_server.url)
    documents.drop()
    assert documents.own("me")
    listed = {("p", "old"): 10, ("p", "new"): 30, ("gone", "old"): 20}
    documents.write("me", Round(owned=listed, is_current=True))
    documents.trim(20)
    assert documents.newest_of("p", None, 9) == ["new"] and documents.newest_of("gone", None, 9) == []
    assert documents._client.hkeys(PREFIX + "projects") == [b"", b"p"]
    assert documents.is_current()
    documents.close()


def test_what_was_accepted_never_replaces_what_the_projector_wrote(documents: Documents) -> None:
    play(documents)
    views = ViewStore(documents)
    before = views.notification(UUID_1)
    assert before is not None and before.status is Status.FINISHED
    views.accept(replace(before, status=Status.NEW, message="?"))
    assert views.notification(UUID_1) == before
    assert views.busy_hosts() == frozenset()


def test_an_accepted_notification_is_shown_at_once_and_stays_one(documents: Documents) -> None:
    views = ViewStore(documents)
    accepted = replace(ViewStore(projected(STORY[:1])).notification(UUID_1) or notification(1))
    views.accept(accepted)
    views.accept(accepted)
    assert list(views.notifications()) == [accepted]
    play(documents)
    assert [view.status for view in views.notifications()] == [Status.FINISHED]


def test_one_owns_the_views_at_a_time(documents: Documents) -> None:
    assert not documents.renew("a")
    assert documents.own("a") and documents.own("a") and documents.renew("a")
    assert not documents.own("b") and not documents.renew("b")
    with pytest.raises(NotOwner):
        documents.write("b", Round(texts={"x": "1"}))
    assert documents.get("x") is None
    documents.disown("b")
    documents.write("a", Round(texts={"x": "1"}))
    documents.disown("a")
    assert documents.own("b")
    with pytest.raises(NotOwner):
        documents.write("a", Round(texts={"x": "2"}))
    assert documents.get("x") == "1"


def test_who_has_been_dropped_writes_nothing(documents: Documents) -> None:
    assert documents.own("a")
    documents.drop()
    assert not documents.renew("a")
    with pytest.raises(NotOwner):
        documents.write("a", Round(texts={"x": "1"}))


def test_a_round_is_kept_whole(documents: Documents) -> None:
    assert documents.own("a")
    first, again = Kept(place="t/0/1", body=b"\x00\xff"), Kept(place="t/0/2", body=b"b")
    member = member_of(notification(1))
    documents.write(
        "a",
        Round(
            records={"bucket": [first]},
            dirty=frozenset({"bucket", "other"}),
            progress={"t/0": 2},
            listed={(Index.NOTIFICATIONS, member): 5},
            busy={"x": "h", "y": "i"},
            out={"x": "[1]", "y": "[2]"},
        ),
    )
    documents.write(
        "a",
        Round(
            records={"bucket": [first, again]},
            clean=frozenset({"other"}),
            progress={"t/0": 3},
            listed={(Index.NOTIFICATIONS, member): 6},
            busy={"y": ""},
            out={"y": ""},
            is_current=True,
        ),
    )
    documents.write("a", Round())
    assert sorted(documents.records("bucket"), key=lambda k: k.place) == [first, again]
    assert documents.dirty() == {"bucket"} and documents.busy() == {"h"} and documents.out() == ["[1]"]
    assert documents.progress() == {"t/0": 3}
    assert documents.newest(Index.NOTIFICATIONS, None, 10) == [member]
    assert documents.is_current() and documents.has(Index.NOTIFICATIONS, member)
    assert not documents.has(Index.INCIDENTS, member)
    assert documents.many([]) == []
