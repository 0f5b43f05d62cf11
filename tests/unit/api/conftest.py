"""One application on doors in memory per test."""

import pytest

from tests.support.api_doors import Api


@pytest.fixture
def api() -> Api:
    return Api()
