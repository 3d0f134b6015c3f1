"""The yardstick: a Flask view that does one INSERT, on the same database and server settings.

As one would write it who wants nothing else: SQLAlchemy's engine as it comes, one transaction, no
check of the connection, no form, no page. Run as ``python -m workers.bench.serving.bare``; it reads
the same settings as ``hotline web``.
"""

from __future__ import annotations

import json

import flask
from flask import Flask, Response, request
from sqlalchemy import (
    Column,
    LargeBinary,
    MetaData,
    Table,
    Uuid,
    create_engine,
    insert,
)

from hotline.core.context import build_context
from hotline.core.settings import load_settings
from hotline.core.storage.ids import new_id
from workers.processes.web_server import Server

metadata = MetaData()
TABLE = Table(
    "bench_bare",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("body", LargeBinary),
)


class BareServer(Server):
    def load(self) -> flask.Flask:
        context = build_context(self.settings)
        app = Flask("bare")
        engine = create_engine(
            context.database.engine.url, hide_parameters=True
        )

        @app.get("/livez")
        def answer_live() -> str:
            return "ok"

        @app.post("/")
        def store_body() -> Response:
            row_id = new_id()
            with engine.begin() as connection:
                connection.execute(
                    insert(TABLE), {"id": row_id, "body": request.get_data()}
                )
            return Response(
                json.dumps({"id": str(row_id)}),
                201,
                content_type="application/json",
            )

        return app


if __name__ == "__main__":
    BareServer(load_settings()).run()
