"""What stands in an address is anybody's: nothing in it leads to a fault of ours."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from werkzeug.routing import Rule

from hotline.accounts import service
from hotline.accounts.permissions import Role
from hotline.core.act import Act
from hotline.core.context import Context, utc_now
from tests.hotline.test_methods import PASSWORD, signed_in
from workers.app import create_app

ROOT = Path(__file__).parents[2]
ANY_ID = "00000000-0000-7000-8000-000000000000"
HUGE = "9" * 40
STRANGE = (
    HUGE,
    f"-{HUGE}",
    f"{HUGE}.{ANY_ID}",
    f"9223372036854775808.{ANY_ID}",
    f"2147483648.{ANY_ID}",
    "not-a-uuid",
    "a\x00b",
    "a\ufffdb\u202e",
    "../../etc/passwd",
    "%s%00",
    "x" * 2_000,
)
PARAMETERS = frozenset(
    {
        "action",
        "actor",
        "after",
        "back",
        "before",
        "case",
        "code",
        "country",
        "days",
        "entity_id",
        "error",
        "first",
        "hash",
        "host",
        "kind",
        "lang",
        "last",
        "left",
        "mine",
        "name",
        "network",
        "next",
        "page",
        "part",
        "period",
        "picture",
        "rest",
        "same_as",
        "sender",
        "tab",
        "table",
        "tag",
        "topic",
        "waiting",
        "who",
        "words",
    }
)
READ = re.compile(r"request\.(?:args|values)(?:\.get\(|\[)\s*\"(\w+)\"")


@pytest.fixture(params=["sqlite", "postgresql"])
def app(
    request: pytest.FixtureRequest, make_context: Callable[..., Context]
) -> Flask:
    context = make_context(
        request.param, audiences=("public", "console", "provider")
    )
    with context.database.writing() as session:
        service.add_person(
            Act(session, context, actor="test", now=utc_now()),
            username="supervisor",
            display_name="s",
            role=Role.SUPERVISOR,
            password=PASSWORD,
        )
        service.add_person(
            Act(session, context, actor="test", now=utc_now()),
            username="auditor",
            display_name="a",
            role=Role.AUDITOR,
            password=PASSWORD,
        )
    return create_app(context)


def looks(app: Flask) -> Iterator[Rule]:
    for rule in app.url_map.iter_rules():
        if "GET" in (rule.methods or ()):
            yield rule


def path_of(app: Flask, rule: Rule, strange: str) -> str | None:
    """The address of ``rule`` with ``strange`` where it takes any word."""
    fitting: dict[str, Any] = {
        "UUIDConverter": ANY_ID,
        "AnyConverter": "check",
        "IntegerConverter": int(HUGE),
    }
    values = {
        name: fitting.get(type(converter).__name__, strange)
        for name, converter in rule._converters.items()
    }
    if "/" in strange and values:
        return None
    with app.test_request_context():
        return app.url_map.bind("localhost").build(rule.endpoint, values)


@pytest.mark.parametrize("role", ["supervisor", "auditor"])
def test_no_address_is_answered_with_a_fault(app: Flask, role: str) -> None:
    client = signed_in(app, role)
    asked = 0
    for rule in looks(app):
        for strange in STRANGE:
            path = path_of(app, rule, strange)
            if path is None:
                continue
            query = dict.fromkeys(PARAMETERS - {"lang", "tab"}, strange)
            for given in (query, {"after": strange}):
                answer = client.get(path, query_string=given)
                asked += 1
                assert answer.status_code < 500, (path, strange)
    assert asked > 300


def test_the_parameters_are_all_that_are_read() -> None:
    """A new one is to be added above."""
    read = {
        name
        for folder in ("hotline", "triage", "partners", "workers")
        for file in (ROOT / folder).rglob("*.py")
        for name in READ.findall(file.read_text(encoding="utf-8"))
    }
    assert read <= PARAMETERS
    assert "after" in read
