"""An address for each of the application's routes, whatever parts it takes."""

from __future__ import annotations

from typing import Any

from flask import Flask
from werkzeug.routing import Rule

ANY_ID = "00000000-0000-7000-8000-000000000000"


def path_of(app: Flask, rule: Rule) -> str:
    """A path that leads to the route; what it names does not exist."""
    fitting = {
        "UUIDConverter": ANY_ID,
        "AnyConverter": "check",
        "IntegerConverter": 0,
    }
    values: dict[str, Any] = {
        name: fitting.get(type(converter).__name__, "x")
        for name, converter in rule._converters.items()
    }
    return app.url_map.bind("localhost").build(rule.endpoint, values)
