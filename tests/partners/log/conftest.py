"""A made-up house whose log is read, on both databases, and an auditor at a browser."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from hotline.accounts import service
from hotline.accounts.permissions import Role
from hotline.core.act import Act
from hotline.core.context import Context, utc_now
from tests.hotline.test_methods import PASSWORD, signed_in
from tests.support.log import SPAN
from workers.app import create_app
from workers.bench.filling.figures_data import fill_with_cases


@pytest.fixture(params=["sqlite", "postgresql"])
def context(
    request: pytest.FixtureRequest, make_context: Callable[..., Context]
) -> Context:
    made = make_context(request.param, country="AL", audiences=("console",))
    with made.database.writing() as session:
        fill_with_cases(session, 20, SPAN)
        add_people(session, made)
    return made


def add_people(session: Session, context: Context) -> None:
    for role in (Role.AUDITOR, Role.SUPERVISOR):
        service.add_person(
            Act(session, context, actor="test", now=utc_now()),
            username=role,
            display_name=f"Name of {role}",
            role=role,
            password=PASSWORD,
        )


@pytest.fixture
def app(context: Context) -> Flask:
    return create_app(context)


@pytest.fixture
def auditor(app: Flask) -> FlaskClient:
    return signed_in(app, Role.AUDITOR)
