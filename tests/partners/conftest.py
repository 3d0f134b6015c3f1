"""The house of these tests, with its database, and a made-up channel."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from hotline.accounts.signing_in import sessions
from hotline.accounts.signing_in.auth import COOKIE
from hotline.core.context import Context, build_context
from hotline.core.settings import Settings
from partners import channels
from partners.channels.base import channel_kinds
from tests.support.house import House
from workers.app import create_app
from workers.migrations.tables import metadata


@pytest.fixture
def settings() -> dict[str, Any]:
    """Of the house; a test module may override it."""
    return {}


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Context]:
    """One database for all tests: what its engine has compiled once stays compiled."""
    made = build_context(
        Settings(data_dir=tmp_path_factory.mktemp("house"), country="AL")
    )
    metadata.create_all(made.database.engine)
    yield made
    made.close()


@pytest.fixture
def context(shared: Context, settings: dict[str, Any]) -> Context:
    """The shared database, emptied, under this test's settings."""
    with shared.database.writing() as session:
        for table in reversed(metadata.sorted_tables):
            session.execute(table.delete())
    base = {
        "data_dir": shared.settings.data_dir,
        "country": "AL",
        "rdap_enabled": False,
        # each letter by itself and at once, but for the tests of packages
        "package_at": "",
    }
    return replace(shared, settings=Settings(**{**base, **settings}))


@pytest.fixture
def house(context: Context) -> House:
    return House(context)


@pytest.fixture
def analyst(house: House, monkeypatch: pytest.MonkeyPatch) -> FlaskClient:
    """A browser in which the analyst arta is signed in, at the time of the house."""
    for module in ("auth", "standing"):
        monkeypatch.setattr(
            f"hotline.accounts.signing_in.{module}.utc_now", lambda: house.now
        )
    person = house.person("arta")
    with house.context.database.writing() as session:
        token = sessions.open_session(session, person, house.now)
    client = create_app(house.context).test_client()
    client.set_cookie(COOKIE, token, path="/console")
    client.set_cookie("lang", "en")
    return client


PIGEON = '''
"""A made-up channel: a pigeon to a loft."""

from partners.channels.base import ChannelKind


class PigeonChannel:
    def __init__(self, settings):
        self.flown = []

    def send(self, message):
        self.flown.append(message.address)
        return {"reference": f"ring of {message.address}"}

    def server_of(self, address):
        return "the loft"


def address_fault(address, settings):
    return "" if address.startswith("loft ") else "This is not a loft."


CHANNEL = ChannelKind("pigeon", "Pigeon", ("control_url",), address_fault, PigeonChannel)
'''


@pytest.fixture
def pigeon_module() -> str:
    """The source of a made-up channel's module."""
    return PIGEON


@pytest.fixture
def pigeon(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pigeon_module: str
) -> Iterator[None]:
    """One more module in the package, and nothing else."""
    (tmp_path / "pigeon.py").write_text(pigeon_module)
    monkeypatch.setattr(
        channels, "__path__", [*channels.__path__, str(tmp_path)]
    )
    channel_kinds.cache_clear()
    yield
    channel_kinds.cache_clear()
    sys.modules.pop("partners.channels.pigeon", None)
