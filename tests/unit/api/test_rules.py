"""Every rule that a resource asks is among the rules, with a default and a sentence, and every rule is asked by one.

Both are read, not run: a rule that nobody knows would show only when somebody asks for that resource.
"""

import ast
import re
from collections.abc import Iterator

from kasugai.api.own.rules import PREFIX
from kasugai.api.policies import PREFIX as MASAKARIS
from kasugai.api.policies import rules
from kasugai.core.words.signals import ASSERT_RULE
from tests.support.sources import files_of, place, tree_of

HANDING_ON = {"api/handling.py", "api/policies.py"}
"""Where a rule is an argument, and asked for somebody else."""
OTHERS = {
    *("context_is_admin", "admin_or_owner", "admin_api", "reader_api", "project_api", "notifier_api"),
    f"{MASAKARIS}versions:index",
}
"""Who is an administrator, what the rules are made of, and Masakari's for what anyone may see."""


def pattern(node: ast.expr) -> str:
    """Return what the whole names look like of the rules that an expression may name."""
    match node:
        case ast.Constant(value=str(rule)):
            return re.escape(MASAKARIS + rule)
        case ast.JoinedStr(values=[ast.FormattedValue(value=ast.Name(id="PREFIX")), *rest]):
            return re.escape(PREFIX) + "".join(map(part, rest))
        case ast.JoinedStr(values=parts):
            return re.escape(MASAKARIS) + "".join(map(part, parts))
        case _:
            raise AssertionError(f"name the rule where it is asked: {ast.unparse(node)}")


def part(node: ast.expr) -> str:
    return re.escape(str(node.value)) if isinstance(node, ast.Constant) else "[a-z-]+"


def asked(tree: ast.Module) -> Iterator[ast.expr]:
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Attribute(attr="enforce" | "may"), args=[_, rule]):
                yield rule
            case ast.Call(func=ast.Attribute(attr="allows"), args=[rule, _]):
                yield rule
            case _:
                pass


def questions() -> dict[str, str]:
    """Return the places that ask, each with the pattern of the rule's name."""
    return {
        f"{place(file)}:{rule.lineno}": pattern(rule)
        for file in files_of("api")
        if place(file) not in HANDING_ON
        for rule in asked(tree_of(file))
    }


def test_every_rule_that_is_asked_is_among_the_rules() -> None:
    names = {rule.name for rule in rules()}
    unknown = {
        where: asked
        for where, asked in questions().items()
        if not any(re.fullmatch(asked, name) for name in names)
    }
    assert questions() and unknown == {}


def test_verdicts_name_the_rule_that_the_api_asks() -> None:
    assert f"{PREFIX}notification:assert" == ASSERT_RULE


def test_every_rule_is_asked_somewhere() -> None:
    patterns = questions().values()
    unasked = {rule.name for rule in rules() if not any(re.fullmatch(asked, rule.name) for asked in patterns)}
    assert unasked == OTHERS
