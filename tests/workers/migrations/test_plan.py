"""What an upgrade or a way back would do is said before, and changes nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hotline.core.context import Context, build_context
from hotline.core.errors import InvalidInput
from hotline.core.settings import Settings
from tests.support.cases import make_case
from tests.support.items import make_item
from workers import cli
from workers.migrations import run
from workers.migrations.plan import plan_downgrade, plan_upgrade


def add_case(context: Context) -> None:
    with context.database.writing() as session:
        item = make_item("url:a")
        session.add(item)
        session.flush()
        session.add(make_case(item))


def test_an_upgrade_says_its_steps_and_the_size_of_what_it_changes(
    context: Context,
) -> None:
    add_case(context)
    run.downgrade_schema(context.database, "0009")
    plan = plan_upgrade(context.database)
    assert run.current_revision(context.database) == "0009"
    assert plan.have == "0009"
    assert plan.want == run.newest_revision() == plan.steps[-1].revision
    assert plan.database_size > 0
    made = {name for step in plan.steps for name in step.made}
    assert {"case_identifier", "case_person"} <= made
    last = next(step for step in plan.steps if step.revision == "0025")
    (table,) = last.touched
    assert table.name == "case_file"
    if context.database.is_sqlite:
        assert table.rows == 1
    run.upgrade_schema(context.database)
    assert plan_upgrade(context.database).steps == ()


@pytest.mark.parametrize(
    ("revision", "names"),
    [
        ("0050", {"case_file", "case_item", "item", "sighting"}),
        ("0051", {"history_entry"}),
        ("0048", {"media"}),
    ],
    ids=["triggers", "an index over two lines", "an index"],
)
def test_a_table_is_touched_by_what_others_wait_for(
    context: Context, revision: str, names: set[str]
) -> None:
    run.downgrade_schema(context.database, "0044")
    steps = {
        step.revision: step for step in plan_upgrade(context.database).steps
    }
    assert {table.name for table in steps[revision].touched} == names


def test_a_step_that_looks_at_rows_says_so(context: Context) -> None:
    run.downgrade_schema(context.database, "0008")
    steps = {
        step.revision: step for step in plan_upgrade(context.database).steps
    }
    assert steps["0009"].statements is None
    assert steps["0010"].statements


def test_a_way_back_says_what_is_lost(context: Context) -> None:
    plan = plan_downgrade(context.database, "0022")
    lost = {name for step in plan.steps for name in step.lost}
    assert "case_file.forgotten_at" in lost
    assert plan.steps[0].revision == run.newest_revision()
    assert run.current_revision(context.database) == run.newest_revision()


@pytest.mark.parametrize("revision", ["9999", "", "head"])
def test_a_schema_that_lies_not_behind_is_refused(
    context: Context, revision: str
) -> None:
    with pytest.raises(InvalidInput, match="is no schema before"):
        plan_downgrade(context.database, revision)


@pytest.fixture
def own_house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOTLINE_DATA_DIR", str(tmp_path))
    assert cli.run(["db", "upgrade"]) == 0
    return tmp_path


def test_the_commands(
    own_house: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert cli.run(["db", "downgrade", "0022"]) == 1
    assert "case_file.forgotten_at" in " ".join(
        capsys.readouterr().err.split()
    )
    assert cli.run(["db", "downgrade", "0022", "--plan", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["want"] == "0022"
    assert cli.run(["db", "downgrade", "0022", "--accept-loss"]) == 0
    capsys.readouterr()
    assert cli.run(["db", "upgrade", "--plan"]) == 0
    assert "0025  When a case was forgotten" in capsys.readouterr().out
    settings = Settings(data_dir=own_house)
    context = build_context(settings)
    assert run.current_revision(context.database) == "0022"
    context.close()
    assert cli.run(["db", "upgrade"]) == 0
    assert cli.run(["db", "upgrade", "--plan"]) == 0
    assert "Up to date" in capsys.readouterr().out


def test_there_is_no_way_back_where_data_says_so(
    own_house: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    context = build_context(Settings(data_dir=own_house))
    with context.database.writing() as session:
        items = [make_item(f"url:{name}") for name in "ab"]
        session.add_all(items)
        session.flush()
        case = make_case(items[0])
        case.add_item(items[1], case.opened_at)
        session.add(case)
    context.close()
    assert cli.run(["db", "downgrade", "0011", "--accept-loss"]) == 1
    assert "no way back" in " ".join(capsys.readouterr().err.split())
