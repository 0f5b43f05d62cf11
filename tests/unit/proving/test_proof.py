"""Who speaks: what one host has signed is proved to be its word, and nothing else is."""

import hashlib
import hmac
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kasugai.adapters.proving.checker import Checker, proof_in
from kasugai.adapters.proving.header import PROOF, Coder, Proof, head_of, parsed
from kasugai.adapters.proving.keys import HostKey
from kasugai.adapters.proving.masters import Masters, derive, master_of
from kasugai.adapters.proving.prover import Prover

OLD, NEW = master_of(b"o" * 32), master_of(b"n" * 32)
TOPIC = "kasugai.faults.peers"
BOOT = "4f0c1f44-7b5e-4f0e-9a0e-0d5c9f1b7a01"
GOLDEN_KEY = "451db8e20ec550fedf1e7070d1155b5866b54edd443f4ad0b459b4aca7c3a612"
GOLDEN = b"4f5b4a44a559f320098a75d97bb1329dd938c1e2b5b919dfed5474578c55d233 1 5c96336f %s 1000 cmp2"
NAMES = st.text(st.characters(codec="utf-8"), min_size=1, max_size=20)

Header = tuple[str, bytes]


def keyring(*revoked: tuple[str, str]) -> Masters:
    return Masters(current=NEW, keys={OLD.id: OLD, NEW.id: NEW}, revoked=frozenset(revoked))


def prover(host: str, key: HostKey | None = None) -> Prover:
    return Prover(host, key or derive(NEW, host), boot=BOOT, clock=lambda: 1_000)


def header(host: str, key: str = "cmp1", value: bytes = b"down", topic: str = TOPIC) -> Header:
    return prover(host).header(topic, key, value)


def trouble(
    host: str, *headers: Header, key: str = "cmp1", value: bytes = b"down", topic: str = TOPIC
) -> str:
    return Checker(keyring()).trouble(host, topic, key, value, headers)


@given(host=NAMES, topic=NAMES, key=NAMES, value=st.binary(max_size=40))
def test_what_a_host_has_signed_is_its_word(host: str, topic: str, key: str, value: bytes) -> None:
    signed = prover(host).header(topic, key, value)
    others = ("traceparent", b"00-1-2-01")
    assert Checker(keyring()).trouble(host, topic, key, value, [others, signed]) == ""
    assert proof_in([others, signed]) == Proof(NEW.id, BOOT, 1_000, host)


@given(data=st.data(), value=st.binary(min_size=1, max_size=20), host=NAMES)
def test_whatever_is_changed_about_it_it_is_nobodys_word(
    data: st.DataObject, value: bytes, host: str
) -> None:
    """Any bit of topic, key, value and header."""
    name, proof = header(host, value=value)
    parts = [TOPIC.encode(), b"cmp1", value, proof]
    part = data.draw(st.integers(0, len(parts) - 1))
    bit = data.draw(st.integers(0, 8 * len(parts[part]) - 1))
    changed = bytearray(parts[part])
    changed[bit // 8] ^= 1 << bit % 8
    parts[part] = bytes(changed)
    topic, key, value, proof = parts
    said = trouble(host, (name, proof), topic=topic.decode("latin-1"), key=key.decode("latin-1"), value=value)
    assert said and "\n" not in said


@given(data=st.data())
def test_no_byte_moves_from_one_part_to_the_next(data: st.DataObject) -> None:
    whole = "kasugai.faults.peerscmp1down"
    first, second = sorted(data.draw(st.tuples(st.integers(1, 26), st.integers(1, 26))))
    if (whole[:first], whole[first:second]) == (TOPIC, "cmp1"):
        return
    said = trouble(
        "cmp2",
        header("cmp2"),
        topic=whole[:first],
        key=whole[first:second],
        value=whole[second:].encode(),
    )
    assert "was changed" in said


@given(secret=st.binary(max_size=64), message=st.binary(max_size=200))
def test_the_code_is_the_standards_own(secret: bytes, message: bytes) -> None:
    lengths = b"\0" * 12 + len(message).to_bytes(4, "big")
    expected = hmac.new(secret, lengths + message, hashlib.sha256).hexdigest().encode()
    assert Coder(secret).mac(b"", "", "", message) == expected


def test_the_form_that_is_written_down_stays() -> None:
    """An agent of this version is understood by every later one: a golden record."""
    assert derive(NEW, "cmp2").secret.hex() == GOLDEN_KEY
    assert header("cmp2") == (PROOF, GOLDEN % BOOT.encode())


def test_a_record_without_a_proof_is_nobodys() -> None:
    assert "carries no header kasugai-proof" in trouble("cmp2")
    assert "carries no header" in Checker(keyring()).trouble("cmp2", TOPIC, "cmp1", b"down", None)
    assert "enroll cmp2" in trouble("cmp2")


def test_two_proofs_are_none() -> None:
    assert "carries 2 headers" in trouble("cmp2", header("cmp2"), header("cmp2"))
    assert proof_in([header("cmp2"), header("cmp2")]) is None


def test_who_speaks_in_anothers_name_is_named() -> None:
    said = trouble("cmp3", header("cmp2"))
    assert said == "it speaks as cmp3, and cmp2 has signed it"


def test_a_name_without_its_key_proves_nothing() -> None:
    stolen = prover("cmp3", derive(NEW, "cmp2"))
    said = trouble("cmp3", stolen.header(TOPIC, "cmp1", b"down"))
    assert said == f"it is not signed with the key of cmp3 (id {NEW.id}), or was changed"


def test_a_key_of_another_deployment_proves_nothing() -> None:
    foreign = prover("cmp2", derive(master_of(b"f" * 32), "cmp2"))
    assert "is not believed" in trouble("cmp2", foreign.header(TOPIC, "cmp1", b"down"))


def test_a_word_belongs_to_its_topic() -> None:
    assert trouble("cmp2", header("cmp2"), topic="kasugai.faults.process")


@pytest.mark.parametrize("master", [OLD, NEW])
def test_both_keys_count_while_one_follows_the_other(master: object) -> None:
    assert isinstance(master, type(OLD))
    signed = prover("cmp2", derive(master, "cmp2")).header(TOPIC, "cmp1", b"down")
    assert trouble("cmp2", signed) == ""


def test_a_revoked_host_is_believed_under_its_new_key_alone() -> None:
    checker = Checker(keyring((OLD.id, "cmp2")))
    for host, master, is_believed in [("cmp2", OLD, False), ("cmp2", NEW, True), ("cmp3", OLD, True)]:
        signed = prover(host, derive(master, host)).header(TOPIC, "cmp1", b"down")
        assert (checker.trouble(host, TOPIC, "cmp1", b"down", [signed]) == "") == is_believed, host


RUBBISH = [
    b"",
    b" ",
    b"0" * 64,
    b"0" * 64 + b" 1 id boot 1",
    b"0" * 64 + b" 2 id boot 1 cmp2",
    b"0" * 64 + b" 1 id boot -1 cmp2",
    b"0" * 64 + b" 1 id boot 1_0 cmp2",
    b"0" * 64 + b" 1 id boot 1234567890123456789 cmp2",
    b"0" * 64 + b" 1 id \xff 1 cmp2",
    b"0" * 64 + b" 1 id boot 1 \xff",
    b"0" * 64 + b" 1 id boot 1 " + b"x" * 500,
    b"0" * 63 + b" 1 id boot 1 cmp2",
]


@pytest.mark.parametrize("rubbish", RUBBISH)
def test_rubbish_is_no_proof(rubbish: bytes) -> None:
    assert parsed(rubbish) is None
    assert "is none that this version knows" in trouble("cmp2", (PROOF, rubbish))


@given(rubbish=st.binary(max_size=600))
def test_no_header_ends_a_check(rubbish: bytes) -> None:
    said = trouble("cmp2", (PROOF, rubbish))
    assert said and "\n" not in said and len(said) < 400


@given(host=NAMES, boot=st.uuids().map(str), count=st.integers(0, 10**17))
def test_a_head_reads_back(host: str, boot: str, count: int) -> None:
    proof = Proof(NEW.id, boot, count, host)
    assert parsed(b"0" * 64 + b" " + head_of(proof)) == proof


def test_the_count_rises_with_every_record_whatever_the_clock_does() -> None:
    times = iter([5, 5, 3, 9])
    signing = Prover("cmp2", derive(NEW, "cmp2"), boot=BOOT, clock=lambda: next(times))
    proofs = [proof_in([signing.header(TOPIC, "cmp1", b"down")]) for _ in range(4)]
    assert [proof.count for proof in proofs if proof] == [5, 6, 7, 9]


def test_this_machines_boot_and_clock_are_the_provers_own() -> None:
    signing = Prover("cmp2", derive(NEW, "cmp2"))
    first, second = (proof_in([signing.header(TOPIC, "cmp1", b"down")]) for _ in range(2))
    assert first and second and first.boot == second.boot and len(first.boot) == 36
    assert 0 < first.count < second.count < first.count + 60_000_000


def test_no_two_hosts_and_no_two_masters_share_a_key() -> None:
    keys = {derive(master, host).secret for master in (OLD, NEW) for host in ("cmp1", "cmp2", "cmp1 ", "")}
    assert len(keys) == 8


def test_no_value_shows_its_secret() -> None:
    key = derive(NEW, "cmp2")
    shown = f"{key!r} {NEW!r} {keyring()!r} {key} {prover('cmp2')!r}"
    for secret in (key.secret, NEW.secret, OLD.secret):
        assert secret.hex() not in shown and repr(secret) not in shown


def test_an_agent_loads_no_more_than_the_standard_library_for_it() -> None:
    code = "import sys; before = set(sys.modules); import kasugai.adapters.proving.prover; "
    told = subprocess.run(
        [sys.executable, "-c", code + "print(*(set(sys.modules) - before))"],
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = {name.partition(".")[0] for name in told.stdout.split()}
    assert loaded - set(sys.stdlib_module_names) == {"kasugai"}
