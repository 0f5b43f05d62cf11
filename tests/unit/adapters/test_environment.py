"""Proxies and CA files of the environment reach OpenStack's session as they reach any of requests', read once."""

import pytest
import requests

from kasugai.adapters.nova.environment import SteadySession

NOVA = "https://nova.example.org:8774/v2.1/servers"


@pytest.mark.parametrize(
    ("said", "url"),
    [
        ({}, NOVA),
        ({"HTTPS_PROXY": "http://proxy.example.org:3128"}, NOVA),
        ({"HTTPS_PROXY": "http://proxy.example.org:3128", "NO_PROXY": "nova.example.org"}, NOVA),
        ({"HTTP_PROXY": "http://proxy.example.org:3128"}, NOVA),
        ({"REQUESTS_CA_BUNDLE": "/etc/ssl/ours.pem"}, NOVA),
        ({"CURL_CA_BUNDLE": "/etc/ssl/ours.pem"}, NOVA),
    ],
)
@pytest.mark.parametrize("verify", [True, False, "/etc/kasugai/ca.pem"])
def test_the_environment_counts_as_it_does_for_requests(
    monkeypatch: pytest.MonkeyPatch, said: dict[str, str], url: str, verify: bool | str
) -> None:
    for name in (
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "NO_PROXY",
        "REQUESTS_CA_BUNDLE",
        "CURL_CA_BUNDLE",
        "ALL_PROXY",
    ):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    for name, value in said.items():
        monkeypatch.setenv(name, value)
    plain = requests.Session().merge_environment_settings(url, {}, False, verify, None)
    assert SteadySession().merge_environment_settings(url, {}, False, verify, None) == plain


def test_it_is_read_once_for_each_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example.org:3128")
    session = SteadySession()
    before = session.merge_environment_settings(NOVA, {}, False, True, None)
    before["proxies"] = None  # what a caller does with it is his own
    monkeypatch.setenv("HTTPS_PROXY", "http://other.example.org:3128")
    again = session.merge_environment_settings(f"{NOVA}/detail", {}, False, True, None)
    other = session.merge_environment_settings("https://keystone.example.org/v3", {}, False, True, None)
    assert again["proxies"]["https"] == "http://proxy.example.org:3128"
    assert other["proxies"]["https"] == "http://other.example.org:3128"
