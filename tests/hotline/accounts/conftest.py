"""A service with an empty database, and cheap password hashes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
from argon2 import PasswordHasher

from hotline.accounts import service
from hotline.accounts.oidc import provider as providers
from hotline.accounts.signing_in import passwords
from hotline.core.act import Act
from hotline.core.context import Context
from tests.support.identity_provider import IdentityProvider, served_provider

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
PASSWORD = "a long enough one"


@pytest.fixture(autouse=True)
def cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "HASHER", PasswordHasher(1, 64, 1))
    passwords._hash_of_nobody.cache_clear()


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture
def context(make_context: Callable[..., Context]) -> Context:
    return make_context(country="AL", smtp_host="mail.hotline.example")


@pytest.fixture
def add(context: Context) -> Callable[..., str]:
    """Add a person and give back the user name."""

    def added(
        username: str, role: str = "analyst", password: str = PASSWORD
    ) -> str:
        with context.database.writing() as session:
            service.add_person(
                Act(session, context, actor="test", now=NOW),
                username=username,
                display_name=username.title(),
                role=role,
                password=password,
            )
        return username

    return added


@pytest.fixture
def op() -> Iterator[IdentityProvider]:
    """An identity provider on loopback, of which the service knows nothing yet."""
    providers.forget_providers()
    with served_provider() as provider:
        yield provider
    providers.forget_providers()
