"""What a fence agent says, without its secrets."""

import base64
import json
import shlex
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kasugai.adapters.power.redaction import MASK, redact

SECRET = "p w'\"/é$"


@pytest.mark.parametrize(
    "name",
    ["password", "passwd", "PASSWD_SCRIPT", "secret_key", "token", "apikey", "community", "snmp_priv_passwd"],
)
def test_names_that_sound_like_secrets(name: str) -> None:
    assert redact("it was hunter2.", {name: "hunter2"}) == f"it was {MASK}."


@pytest.mark.parametrize(
    "form",
    [
        SECRET,
        json.dumps(SECRET),
        repr(SECRET),
        quote(SECRET),
        shlex.quote(SECRET),
        base64.b64encode(SECRET.encode()).decode(),
        base64.b64encode(f"kasugai:{SECRET}".encode()).decode(),
    ],
)
def test_forms_that_agents_write_them_in(form: str) -> None:
    said = redact(f"<{form}>", {"password": SECRET, "username": "kasugai"})
    assert said in (f"<{MASK}>", f'<"{MASK}">', f"<'{MASK}'>")


def test_an_echo_of_the_input_shows_no_value_at_all() -> None:
    said = redact("Parse error: Ignoring unknown option 'pasword=hunter2'", {"pasword": "hunter2"})
    assert said == f"Parse error: Ignoring unknown option 'pasword={MASK}'"


def test_a_secret_that_contains_another_leaves_nothing() -> None:
    assert redact("abc", {"password": "ab", "token": "abc"}) == MASK


def test_what_is_no_secret_stays() -> None:
    assert redact("no route to 192.0.2.1", {"ip": "192.0.2.1", "password": ""}) == "no route to 192.0.2.1"


@given(st.text(st.characters(codec="utf-8", exclude_characters="*"), min_size=1))
def test_a_secret_is_never_left(secret: str) -> None:
    assert redact(secret, {"password": secret}) == MASK
