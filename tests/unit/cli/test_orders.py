"""A person's order becomes one command: the same one again when its id is repeated, and never one without a reason."""

import argparse

import pytest

from kasugai.cli.exits import Exit
from kasugai.cli.main import build_parser, main
from kasugai.cli.orders import compose, login, sentence
from kasugai.core.words.signals import Instruction, Limit
from kasugai.core.words.subject import host_subject

ABOUT = {"segment": "s1", "subject": host_subject("cmp1")}


def typed(*words: str) -> argparse.Namespace:
    return build_parser().parse_args([*words, "--reason", " because "])


@pytest.mark.parametrize("word", ["hold", "cancel", "retry"])
def test_an_order_about_a_host(word: str) -> None:
    order = compose(typed("incident", word, "cmp1", "--author", "ann"), ABOUT)
    assert (order.order, order.segment, order.host) == (Instruction(word), "s1", "cmp1")
    assert (order.author, order.reason, order.limit, order.up_to) == ("ann", "because", None, 0)


def test_who_goes_in_to_kafka_under_a_login_is_named_with_it() -> None:
    """The name is typed, the login is proven by the broker."""
    order = compose(typed("incident", "hold", "cmp1", "--author", "ann"), ABOUT, login_at="kasugai-cli")
    assert order.author == "ann as kasugai-cli"


@pytest.mark.parametrize("word", ["arm", "disarm"])
def test_an_order_about_a_segment(word: str) -> None:
    order = compose(typed("segment", word, "rack1"), {"segment": "s1"})
    assert (order.order, order.segment, order.host, order.incident) == (Instruction(word), "s1", "", None)
    assert order.author == login() != ""
    assert sentence(order, "rack1").startswith(f"told segment rack1 to {word}: ")


def test_an_approval_names_its_limit() -> None:
    order = compose(
        typed("segment", "approve", "rack1", "--limit", "storm", "--up-to", "5"), {"segment": "s1"}
    )
    assert (order.limit, order.up_to) == (Limit.STORM, 5)
    assert "approve the storm of up to 5 hosts: because" in sentence(order)
    with pytest.raises(SystemExit):
        typed("incident", "approve", "cmp1")


def test_each_order_is_a_new_one_unless_its_id_is_repeated() -> None:
    first = compose(typed("incident", "hold", "cmp1"), ABOUT)
    assert first.command_id != compose(typed("incident", "hold", "cmp1"), ABOUT).command_id
    assert str(first.command_id) in sentence(first)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["incident", "hold", "cmp1", "--reason", "  "], "--reason is empty"),
        (["incident", "hold", "cmp1", "--reason", "r", "--id", "x"], "--id x: is no id"),
        (
            ["segment", "approve", "r", "--reason", "r", "--limit", "hold", "--up-to", "2"],
            "--up-to goes with --limit storm",
        ),
        (["segment", "approve", "r", "--reason", "r", "--limit", "storm", "--up-to", "-1"], "--up-to -1"),
        (["segment", "approve", "r", "--reason", "r", "--limit", "storm"], "--limit storm needs --up-to N"),
    ],
)
def test_what_makes_no_sense_is_told_in_one_line(
    words: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == Exit.USAGE
    assert says in capsys.readouterr().err


def test_where_the_machine_has_no_name_for_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody() -> str:
        raise KeyError("getpwuid(): uid not found: 12345")

    monkeypatch.setattr("getpass.getuser", nobody)
    assert login().startswith("uid ")
