"""An app that serves the public pages alone, on a database of its own."""

import re
from collections.abc import Callable

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient

from hotline.core.context import Context
from workers.app import create_app


@pytest.fixture
def context(make_context: Callable[..., Context]) -> Context:
    return make_context(audiences=("public",), country="AL")


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
