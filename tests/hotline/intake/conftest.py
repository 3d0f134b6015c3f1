"""An app that serves the public pages alone, on a database of its own."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient

from hotline.core.context import Context, build_context
from hotline.core.settings import Settings
from hotline.core.storage.database import Base
from workers.app import create_app


@pytest.fixture
def context(tmp_path: Path) -> Iterator[Context]:
    built = build_context(
        Settings(data_dir=tmp_path, audiences=("public",), country="AL")
    )
    Base.metadata.create_all(built.database.engine)
    yield built
    built.close()


@pytest.fixture
def app(context: Context) -> APIFlask:
    return create_app(context)


@pytest.fixture
def client(app: APIFlask) -> FlaskClient:
    return app.test_client()


class Person:
    """Fills in forms as a browser does: the hidden fields of the page, then what is typed."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client

    def fields(self, page: str) -> dict[str, str]:
        found = re.findall(
            r'<input type="hidden" name="(\w+)" value="([^"]*)"', page
        )
        return dict(found)

    def send(self, url: str, **typed: str) -> "object":
        hidden = self.fields(self.client.get(url).text)
        return self.client.post(url, data=hidden | typed)


@pytest.fixture
def person(client: FlaskClient) -> Person:
    return Person(client)
