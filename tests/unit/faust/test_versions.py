"""The shell starts only on the libraries that it was written for."""

import pytest

from kasugai.adapters.faust.versions import READ_AND_MEASURED, WrongVersionError, check_versions


def test_the_installed_libraries_are_those_that_were_read() -> None:
    check_versions()


def test_another_version_is_refused_by_name() -> None:
    installed = READ_AND_MEASURED | {"aiokafka": "0.15.0"}
    with pytest.raises(WrongVersionError, match=r"aiokafka 0\.15\.0 \(wanted 0\.14\.0\)"):
        check_versions(installed.__getitem__)
