"""The schema goes up and down, with data in it, on both databases, and is what the models say."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, select, text

from hotline.core.act import Act
from hotline.core.context import Context
from hotline.core.errors import Conflict, Misconfigured
from hotline.core.storage import audit
from hotline.core.storage.database import Database
from hotline.core.storage.ids import new_id
from hotline.intake import service as intake
from hotline.intake.models import Report
from hotline.intake.submission import Submission
from partners.directory.models import Partner
from tests.support.cases import make_case
from tests.support.items import make_item
from triage.cases.models import Case
from workers.migrations import run
from workers.migrations.tables import metadata

NOW = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
OF_WORDS = ("_words", "_worded")
"""Indexes that one of the databases has, of what it spells its own way: their definitions are
compared."""


# An index of PostgreSQL alone is none for SQLite to compare.
@pytest.mark.filterwarnings("ignore:autogenerate skipping metadata-specified")
def test_the_migrated_schema_is_what_the_models_say(context: Context) -> None:
    engine = context.database.engine
    # The tests' schema is made from the models: this one is made by the migrations.
    metadata.drop_all(engine)
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE alembic_version"))
    assert inspect(engine).get_table_names() == []
    run.upgrade_schema(context.database)
    with engine.connect() as connection:
        migration = MigrationContext.configure(
            connection, opts={"compare_type": True}
        )
        differences = [
            difference
            for difference in compare_metadata(migration, metadata)
            if not (context.database.is_sqlite and _is_sorted(difference))
            and not getattr(difference[1], "name", "").endswith(OF_WORDS)
        ]
    assert differences == []


def _is_sorted(difference: Any) -> bool:
    """SQLite does not tell in which direction an index is sorted: nothing can be compared."""
    return getattr(difference[1], "name", "").endswith("_ranked")


def test_the_indexes_of_words_are_what_the_models_say(
    context: Context,
) -> None:
    engine = context.database.engine
    of_models = _indexes_of_words(context)
    metadata.drop_all(engine)
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE alembic_version"))
    run.upgrade_schema(context.database)
    assert _indexes_of_words(context) == of_models
    assert len(of_models) == 4


def _indexes_of_words(context: Context) -> list[str]:
    """As the database has them: of the words on PostgreSQL, of the rows on SQLite."""
    query = (
        "SELECT sql FROM sqlite_master WHERE name LIKE 'ix_%_worded'"
        if context.database.is_sqlite
        else "SELECT indexdef FROM pg_indexes WHERE indexname LIKE 'ix_%_words'"
    )
    with context.database.engine.connect() as connection:
        definitions = connection.scalars(text(query)).all()
    return sorted(" ".join(one.split()) for one in definitions)


def test_every_revision_has_a_way_down(context: Context) -> None:
    directory = ScriptDirectory(str(Path(run.__file__).parent))
    revisions = [script.revision for script in directory.walk_revisions()]
    assert revisions
    for revision in revisions:
        script = directory.get_revision(revision)
        assert script is not None
        run.downgrade_schema(context.database, script.down_revision or "base")
    tables = set(inspect(context.database.engine).get_table_names())
    assert tables <= {"alembic_version"}
    run.upgrade_schema(context.database)
    assert run.current_revision(context.database) == run.newest_revision()


def test_data_survives_down_and_up_again(context: Context) -> None:
    """Down to the first schema and up again: a report can still be read by its receipt."""
    with context.database.writing() as session:
        received = intake.receive_report(
            session, context, _submission(), channel="form", now=NOW
        )
    run.downgrade_schema(context.database, "0001")
    run.upgrade_schema(context.database)
    with context.database.writing() as session:
        report = intake.find_by_receipt(session, context, received.receipt)
        assert report is not None
        opened = intake.open_texts(
            Act(session, context, audit.SYSTEM, NOW), report, why="test"
        )
        assert list(opened.parts.values()) == ["https://host.example/a"]
        assert session.scalars(select(Report)).one().kind == "csam_image"


def test_a_held_case_is_no_stranger_to_the_schema_before_floods(
    context: Context,
) -> None:
    """Its state has no name there; it waits for the machine like any that was just received."""
    with context.database.writing() as session:
        item = make_item(now=NOW)
        session.add(item)
        session.flush()
        session.add(make_case(item, state="held", now=NOW, held=3))
    run.downgrade_schema(context.database, "0002")
    with context.database.engine.connect() as connection:
        assert (
            connection.scalar(text("SELECT state FROM case_file"))
            == "received"
        )


@pytest.mark.parametrize(
    ("case_state", "expected"),
    [("removed", "verified_removed"), ("waiting", "nothing")],
)
def test_the_one_item_of_a_case_of_before_keeps_its_place(
    context: Context, case_state: str, expected: str
) -> None:
    routing = {"routes": [{"to": "police"}], "jurisdiction": []}
    with context.database.writing() as session:
        item = make_item(now=NOW)
        session.add(item)
        session.flush()
        case = make_case(item, state=case_state, now=NOW, routing=routing)
        session.add(case)
    run.downgrade_schema(context.database, "0011")
    with context.database.engine.connect() as connection:
        kept = connection.execute(text("SELECT item_id FROM case_file"))
        assert len(kept.all()) == 1
    run.upgrade_schema(context.database)
    with context.database.reading() as session:
        (place,) = session.scalars(select(Case)).one().places
        assert (place.item_id, place.state) == (item.id, expected)
        assert place.routing == routing


def test_a_schema_of_one_item_a_case_is_not_gone_back_to_with_several(
    context: Context,
) -> None:
    with context.database.writing() as session:
        items = [make_item(f"url:{name}", now=NOW) for name in "ab"]
        session.add_all(items)
        session.flush()
        case = make_case(items[0], now=NOW)
        case.add_item(items[1], NOW)
        session.add(case)
    with pytest.raises(Conflict, match="There is no way back"):
        run.downgrade_schema(context.database, "0011")


def test_whoever_entered_an_address_before_cannot_confirm_it_after(
    context: Context,
) -> None:
    """The log knows who entered what was not confirmed yet; what was confirmed stays so."""
    new, old = (
        Partner(
            id=new_id(),
            code=code,
            kind="police",
            name=code,
            channel="email",
            address="a@b.example",
            created_at=NOW,
            approved_at=approved_at,
        )
        for code, approved_at in (("new", None), ("old", NOW))
    )
    with context.database.writing() as session:
        session.add_all((new, old))
        for partner in (new, old):
            for actor in ("person:first", "person:last"):
                Act(session, context, actor, NOW).record(
                    "partner.contact_changed", "partner", partner.id
                )
    run.downgrade_schema(context.database, "0013")
    run.upgrade_schema(context.database)
    with context.database.reading() as session:
        entered_by = dict(
            session.execute(select(Partner.code, Partner.entered_by)).all()
        )
    assert entered_by == {"new": "person:last", "old": ""}


def test_an_old_schema_is_refused_with_what_to_do(
    make_context: Callable[..., Context],
) -> None:
    context = make_context()
    with context.database.engine.begin() as connection:
        connection.execute(
            text("UPDATE alembic_version SET version_num = '0000'")
        )
    with pytest.raises(Misconfigured, match="hotline db upgrade"):
        run.require_current(context.database)


def test_an_empty_database_is_refused(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'empty.db'}")
    with pytest.raises(Misconfigured, match="schema none"):
        run.require_current(database)
    database.dispose()


def _submission() -> Submission:
    return Submission.model_validate(
        {
            "locations": ["https://host.example/a"],
            "kind": "csam_image",
            "language": "en",
        }
    )


def test_the_schema_is_known_without_a_page() -> None:
    """Every process knows it, and most show nobody anything."""
    code = (
        "import workers.migrations.tables, sys; print('flask' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "False"
