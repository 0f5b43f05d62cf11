"""What Nova does with members of server groups whose host is lost, which `kasugai whatif` stands on. On a real Nova
alone."""

from tests.support.clouds import until
from tests.support.real_scene import OnRealNova, RealPlay
from tests.support.scenes import HOST, IMAGE, bury


def _member(scene: OnRealNova, policy: str) -> str:
    """Boot the only member of a group of its own, and return its id."""
    group = scene.nova.done("POST", "/os-server-groups", {"server_group": {"name": policy, "policy": policy}})
    server = {"name": policy, "host": HOST, "networks": "none", "flavorRef": "1", "imageRef": IMAGE}
    body = {"server": server, "os:scheduler_hints": {"group": group["server_group"]["id"]}}
    return str(scene.nova.done("POST", "/servers", body)["server"]["id"])


def _shown(scene: OnRealNova, uuid: str) -> tuple[str, str, str]:
    found = scene.nova.done("GET", f"/servers/{uuid}")["server"]
    return found["status"], found["OS-EXT-SRV-ATTR:host"], found.get("fault", {}).get("message", "")


def test_a_member_of_an_affinity_group_is_let_go_nowhere_and_one_of_any_other_is(play_real: RealPlay) -> None:
    """The group's hosts hold the guest's own, which is the dead one: also where it is the only member."""

    async def story(scene: OnRealNova) -> None:
        bound = _member(scene, "affinity")
        free = [_member(scene, policy) for policy in ("anti-affinity", "soft-affinity", "soft-anti-affinity")]
        await until(lambda: all(_shown(scene, each)[0] == "ACTIVE" for each in (bound, *free)))
        bury(scene)
        for each in (bound, *free):
            await scene.port.evacuate(each)
        await until(lambda: _shown(scene, bound)[0] == "ERROR")
        await until(lambda: all(_shown(scene, each)[:2] != ("ACTIVE", HOST) for each in free))
        await until(lambda: all(_shown(scene, each)[0] == "ACTIVE" for each in free))
        assert _shown(scene, bound) == (
            "ERROR",
            HOST,
            "No valid host was found. There are not enough hosts available.",
        )
        assert all(_shown(scene, each)[1] != HOST for each in free)

    play_real(story)
