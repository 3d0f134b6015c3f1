"""A house with half a year of made-up cases, and browsers of its people."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient

from hotline.accounts import service
from hotline.accounts.permissions import Role
from hotline.accounts.signing_in import passwords
from hotline.core.act import Act
from hotline.core.context import Context, utc_now
from tests.hotline.test_methods import PASSWORD, signed_in
from workers.app import create_app
from workers.bench.filling.figures_data import fill_with_cases
from workers.bench.filling.figures_rows import Span

SPAN = Span(
    datetime(2026, 1, 10, tzinfo=UTC), datetime(2026, 6, 20, tzinfo=UTC)
)


@pytest.fixture
def house(
    make_context: Callable[..., Context], monkeypatch: pytest.MonkeyPatch
) -> Context:
    monkeypatch.setattr(passwords, "HASHER", PasswordHasher(1, 64, 1))
    passwords._hash_of_nobody.cache_clear()
    context = make_context(
        country="AL", audiences=("public", "console", "provider")
    )
    with context.database.writing() as session:
        fill_with_cases(session, 120, SPAN)
        for role in Role:
            service.add_person(
                Act(session, context, actor="test", now=utc_now()),
                username=role,
                display_name=role,
                role=role,
                password=PASSWORD,
            )
    return context


@pytest.fixture
def app(house: Context) -> Flask:
    return create_app(house)


@pytest.fixture
def browse(app: Flask) -> Callable[[str], FlaskClient]:
    """A browser in which the person of a role is signed in."""
    return lambda role: signed_in(app, role)
