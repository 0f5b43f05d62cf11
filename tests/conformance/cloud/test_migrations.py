"""Migration records of every type, by their source."""

from tests.support.clouds import until
from tests.support.scenes import HOST, Play, Scene, bury


def test_migrations_of_every_type_by_source(play: Play) -> None:
    async def story(scene: Scene) -> None:
        def status(guest: str) -> str:
            return {record.guest: record.status for record in scene.records()}.get(guest, "")

        scene.spawns_take(1.5)
        scene.live_migrates("web", "cmp2")
        scene.live_migrates("other", "cmp2")
        await until(lambda: (status("web"), status("other")) == ("running", "running"))
        bury(scene)
        scene.evacuates("db")
        await until(lambda: status("db") == "done")
        web, db = [await scene.port.guest(scene.uuid(name)) for name in ("web", "db")]
        assert web is not None and db is not None
        first, second = await scene.port.migrations(HOST)
        assert (first.guest, first.migration_type, first.status) == (web.uuid, "live-migration", "running")
        assert (first.source, first.dest, first.is_ended) == (HOST, "cmp2", False)
        assert (second.guest, second.migration_type, second.status) == (db.uuid, "evacuation", "done")
        assert (second.source, second.dest, second.has_landed) == (HOST, db.host, True)
        assert second.lasted is not None and 1_000 <= second.lasted <= 20_000
        assert first.migration_id < second.migration_id
        assert web.in_migration
        assert await scene.port.migrations("CMP1.rack1") == ()

    play(story)
