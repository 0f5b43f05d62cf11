"""The pages about an agent's guests: every test that is named is there, and every failure that is said is told."""

import ast
import re

from kasugai.core.words.guest_events import FAILURES, SEEN_BY_AGENTS
from tests.support.sources import REPO, files_of, tree_of


def test_every_test_that_the_page_names_is_there() -> None:
    named = set(re.findall(r"`(test_\w+)`", (REPO / "docs" / "agent-instance-faults.md").read_text()))
    there = {
        node.name
        for file in files_of("tests/unit/agents", "tests/conformance/guests", "tests/integration")
        for node in ast.walk(tree_of(file))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    assert len(named) > 25 and named - there == set()


def test_each_of_the_faults_has_its_line() -> None:
    lines = re.findall(
        r"^\| (\d+) \|", (REPO / "docs" / "agent-instance-faults.md").read_text(), re.MULTILINE
    )
    assert [int(number) for number in lines] == list(range(32, 47))


def test_the_operators_page_has_every_failure_that_an_agent_says_and_no_other() -> None:
    text = (REPO / "docs" / "operators" / "agent-instances.md").read_text()
    told = re.findall(r"^\| `([A-Z_]+)` \| `([A-Z_]+)` \|", text, re.MULTILINE)
    assert len(told) == len(set(told)) and set(told) == SEEN_BY_AGENTS


def test_an_agent_says_all_that_masakaris_monitors_say() -> None:
    assert FAILURES < SEEN_BY_AGENTS
