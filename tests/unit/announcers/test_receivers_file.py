"""receivers.yaml: what it says, and one line for whatever is wrong with it, without a secret in it."""

from pathlib import Path

import pytest

from kasugai.announcers.receivers_file import PRESETS, BadReceivers, parse_receivers, read_receivers

SECRET = "s3cr3t"
GOOD = """\
receivers:
  chat: {preset: slack, token_file: /t, values: {channel: C1}, severities: [critical], segments: [rack1]}
  rooms: {preset: matrix, token_file: /t, values: {server: "https://m.example.org", room: "!r:example.org"}}
  talk: {preset: mattermost, url: "https://c.example.org/api/v4/posts", token_file: /t, values: {channel: c}}
  pager: {preset: pagerduty, secrets: {routing_key: /k}}
  alerts: {preset: alertmanager, url: "http://127.0.0.1:9093/api/v2/alerts"}
  notes: {preset: grafana, token_file: /t, values: {server: "https://g.example.org/grafana"}}
  own: {url_file: /u, body: {text: $summary}, proxy: "http://proxy:3128"}
"""


def test_receivers_in_their_order_over_their_presets() -> None:
    found = {each.name: each for each in parse_receivers("f", GOOD)}
    assert list(found) == ["chat", "rooms", "talk", "pager", "alerts", "notes", "own"]
    chat = found["chat"]
    assert (chat.url, chat.thread, chat.must) == (
        "https://slack.com/api/chat.postMessage",
        "ts",
        {"ok": True},
    )
    assert (set(chat.severities), set(chat.segments)) == ({"critical"}, {"rack1"})
    assert found["rooms"].method == "PUT" and found["own"].method == "POST"
    assert len(found["own"].severities) == 4 and found["own"].segments == frozenset()


def test_every_preset_is_tried_here() -> None:
    assert sorted(file.stem for file in PRESETS.glob("*.yaml")) == [
        "alertmanager",
        "grafana",
        "matrix",
        "mattermost",
        "pagerduty",
        "slack",
    ]


def one(said: str) -> str:
    return f"receivers: {{own: {{{said}}}}}"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("receivers: {", "f:1: this is no YAML"),
        ("[]", "a mapping with `receivers` belongs here"),
        ("receivers: {}", "1 to 16 receivers"),
        ("others: {}", "receivers is missing"),
        ("receivers: {'a b': {}}", "up to 32 small letters"),
        (one(f"url: 'https://x/{SECRET}', bodi: {{}}"), "there is a key that nobody reads"),
        (one(f"url: 'https://x/{SECRET}'"), "body is missing"),
        (
            one(f"url: 'https://x/', unless: 'http://x/{SECRET}', body: {{t: x}}"),
            "unless: anybody on the way",
        ),
        (
            one(f"url: 'https://x/', unless: 'https://x/{SECRET}/$nobody', body: {{t: x}}"),
            r"nobody knows \$nobody",
        ),
        (one("body: {t: x}"), "it has one of url and url_file"),
        (one(f"url: 'https://x/{SECRET}', url_file: /u, body: {{t: x}}"), "it has one of url and url_file"),
        (one(f"url: 'http://x/{SECRET}', body: {{t: x}}"), "anybody on the way reads http"),
        (one(f"url: 'ftp://x/{SECRET}', body: {{t: x}}"), "it begins with https://"),
        (one(f"url: 'https://[{SECRET}', body: {{t: x}}"), "it is no url"),
        (one(f"url: 'https://x/{SECRET}/$nobody', body: {{t: x}}"), r"nobody knows \$nobody"),
        (
            one(f"url: 'https://x/{SECRET}', body: {{t: $nobody}}"),
            r"nobody knows \$nobody; there are .*summary",
        ),
        (one(f"url: 'https://x/{SECRET}', body: {{t: '5 $ a day'}}"), r"a \$ stands before no name"),
        (one(f"url: 'https://x/{SECRET}', body: {{t: 2026-12-01}}"), "put it into quotation marks"),
        (
            one(f"url: 'https://x/{SECRET}', body: {{t: x}}, values: {{summary: x}}"),
            "summary is a name of an event's own",
        ),
        (one("preset: teams"), "there is no preset of that name; there are alertmanager"),
        (one("preset: slack"), "channel is missing among its values or secrets"),
        (
            one(f"url: 'https://x/{SECRET}', body: {{t: x}}, severities: [loud]"),
            "critical, error, warning or info",
        ),
        (one(f"url: 'https://x/', body: {{t: x}}, proxy: 'http://u:{SECRET}@p:1'"), "without a password"),
        ("receivers: {a: \x00}", "this is no YAML"),
        (
            "receivers:\n  own: {preset: slack}\n  own: {preset: slack}",
            "f:3: this is no YAML: own is there twice",
        ),
        ("receivers: {a: 2026-13-45}", "a number or a date that is none"),
    ],
)
def test_what_is_wrong_is_told_with_its_place_and_without_a_secret(text: str, why: str) -> None:
    with pytest.raises(BadReceivers, match=why) as raised:
        parse_receivers("f", text)
    assert SECRET not in str(raised.value) and "\n" not in str(raised.value)


def test_plain_http_is_for_loopback_or_for_whom_says_so() -> None:
    for said in ("url: 'http://127.0.0.1:1/'", "url: 'http://[::1]:1/'", "url: 'http://x/', insecure: true"):
        parse_receivers("f", one(f"{said}, body: {{t: x}}"))


def test_a_file_that_is_not_there_or_is_no_text_says_so(tmp_path: Path) -> None:
    file = tmp_path / "r.yaml"
    with pytest.raises(BadReceivers, match="cannot be read"):
        read_receivers(str(file))
    file.write_bytes(b"\xff")
    with pytest.raises(BadReceivers, match="no UTF-8"):
        read_receivers(str(file))
    file.write_text(GOOD)
    assert len(read_receivers(str(file))) == 7


def test_a_receiver_shows_no_url_of_its_own() -> None:
    (found,) = parse_receivers(
        "f", one(f"url: 'https://x/{SECRET}', headers: {{k: {SECRET}}}, body: {{t: x}}")
    )
    assert SECRET not in repr(found)
