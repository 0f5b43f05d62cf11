"""Links: what was signed is what is ordered, for its time; everything else is none."""

import os
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kasugai.adapters.links import BadKeys, BadLink, Expired, Order, check, command_id, read_keys, sign
from kasugai.core.words.signals import Instruction, Limit
from kasugai.core.words.subject import Kind, Subject, host_subject

KEYS = (b"a" * 32, b"b" * 32)
ORDER = Order(
    order=Instruction.APPROVE,
    limit=Limit.STORM,
    segment="5e9a",
    subject=host_subject("cmp1"),
    incident=UUID(int=1),
    verdict=UUID(int=2),
    until=1_000,
)


@pytest.mark.parametrize(
    "order",
    [
        ORDER,
        replace(ORDER, limit=None, order=Instruction.HOLD, incident=None),
        replace(
            ORDER, subject=Subject(kind=Kind.INSTANCE, host="ü" * 255, detail="x" * 255), segment="s" * 255
        ),
    ],
)
def test_what_was_signed_is_what_is_read(order: Order) -> None:
    link = sign(order, KEYS)
    assert check(link, KEYS, 999) == order
    assert sign(order, KEYS) == link and command_id(link) == command_id(link)


def test_another_order_is_another_command() -> None:
    others = [
        replace(ORDER, verdict=UUID(int=3)),
        replace(ORDER, limit=Limit.HOLD),
        replace(ORDER, until=1_001),
    ]
    assert len({command_id(sign(order, KEYS)) for order in [ORDER, *others]}) == 4


def test_a_link_ends() -> None:
    with pytest.raises(Expired):
        check(sign(ORDER, KEYS), KEYS, 1_000)


def test_keys_follow_one_another() -> None:
    old = sign(ORDER, KEYS[1:])
    assert check(old, KEYS, 0) == ORDER
    with pytest.raises(BadLink, match="Nobody of ours"):
        check(old, KEYS[:1], 0)
    with pytest.raises(BadLink, match="Nobody of ours"):
        check(old, (), 0)


def test_no_letter_of_it_can_be_changed() -> None:
    link = sign(ORDER, KEYS)
    for place in range(len(link)):
        for letter in "Ax9":
            changed = link[:place] + letter + link[place + 1 :]
            if changed != link:
                with pytest.raises(BadLink):
                    check(changed, KEYS, 0)


@given(st.text(max_size=5_000) | st.binary(max_size=80).map(lambda raw: raw.hex() + "." + raw.hex()))
def test_nothing_else_is_a_link(text: str) -> None:
    with pytest.raises(BadLink):
        check(text, KEYS, 0)


def test_what_a_newer_kasugai_signed_is_told() -> None:
    link = sign(replace(ORDER, segment="s"), KEYS)
    import base64
    import hashlib
    import hmac

    def encoded(raw: bytes) -> str:
        return base64.urlsafe_b64encode(raw).decode().rstrip("=")

    for said in (b'{"v":2}', b"[]", b"no", b'{"v":1}', b'{"v":1,"order":"dance"}'):
        body = encoded(said)
        forged = f"{body}.{encoded(hmac.digest(KEYS[0], body.encode(), hashlib.sha256))}"
        with pytest.raises(BadLink, match="of another Kasugai's"):
            check(forged, KEYS, 0)
    assert check(link, KEYS, 0).segment == "s"


def test_keys_are_lines_of_a_file_that_others_cannot_read(tmp_path: Path) -> None:
    file = tmp_path / "links.keys"
    with pytest.raises(BadKeys, match="cannot be read"):
        read_keys(str(file))
    for text, why in (("", "or more"), ("short\n", "or more"), ("# none\n", "or more"), ("é" * 40, "ASCII")):
        file.write_text(text)
        os.chmod(file, 0o640)
        with pytest.raises(BadKeys, match=why) as raised:
            read_keys(str(file))
        assert "short" not in str(raised.value)
    file.write_text(f"# the first signs\n{'a' * 64}\n\n{'b' * 32}\n")
    assert read_keys(str(file)) == (b"a" * 64, b"b" * 32)
    os.chmod(file, 0o644)
    with pytest.raises(BadKeys, match="chmod 0640"):
        read_keys(str(file))
