"""``hotline rules replay``: what changed files would have done, without writing anything."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from hotline.core.context import build_context
from hotline.core.datafiles.country_folders import SHIPPED
from hotline.core.datafiles.files import read_text
from hotline.core.settings import load_settings
from tests.support.cases import open_case
from tests.support.items import make_item
from triage.cases.examination.appraise import appraise_case
from triage.cases.models import Case
from workers import cli
from workers.migrations.run import stamp_newest
from workers.migrations.tables import metadata

NOW = datetime.now(UTC)
URL = "http://media.files.example/videos/123"


@pytest.fixture(autouse=True)
def installation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    own = tmp_path / "own"
    own.mkdir()
    monkeypatch.setenv("HOTLINE_DATA_DIR", str(own))
    context = build_context(load_settings())
    metadata.create_all(context.database.engine)
    stamp_newest(context.database)
    with context.database.writing() as session:
        item = make_item(
            f"url:{URL}",
            now=NOW,
            canonical=URL,
            display=URL,
            host="media.files.example",
            hosting_kind="host",
            hosting_country="AL",
            examined_at=NOW,
            sighting_count=1,
        )
        session.add(item)
        case = open_case(session, item, now=NOW, kind="csam_image")
        case.outcome = {"class": "national"}
        case.danger_now = True
        session.flush()
        appraise_case(session, context, case, NOW)
    context.close()
    return own


Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def ran(*arguments: str) -> tuple[int, str, str]:
        code = cli.run(["rules", "replay", *arguments])
        out = capsys.readouterr()
        return code, out.out, out.err

    return ran


def changed_weights(folder: Path) -> Path:
    """The shipped weights with half the points for danger."""
    text = read_text("triage.priority", "priority_weights.toml")
    before, mark, rest = text.partition("[danger_now]")
    assert mark, "the file names the signal"
    points = next(
        line for line in rest.splitlines() if line.startswith("points")
    )
    number = int(points.partition("=")[2])
    (folder / "data").mkdir(parents=True)
    (folder / "data" / "priority_weights.toml").write_text(
        before + mark + rest.replace(points, f"points = {number // 2}", 1)
    )
    return folder


def stored(own: Path) -> Any:
    context = build_context(load_settings())
    with context.database.reading() as session:
        case = session.scalars(select(Case)).one()
        kept = case.priority, case.routing, case.places[0].routing
    context.close()
    return kept


def test_the_files_in_force_change_nothing(run: Run, tmp_path: Path) -> None:
    (tmp_path / "same" / "data").mkdir(parents=True)
    code, out, _ = run(
        "--data", str(tmp_path / "same"), "--since", "2020-01-01"
    )
    assert code == 0
    assert out.startswith("1 cases, 0 otherwise")


def test_other_weights_move_the_case_and_are_not_stored(
    run: Run, tmp_path: Path, installation: Path
) -> None:
    before = stored(installation)
    folder = changed_weights(tmp_path / "changed")
    code, out, _ = run(
        "--data", str(folder), "--since", "2020-01-01", "--json"
    )
    found = json.loads(out)
    assert code == 0
    assert found["different"] == found["priority"] == 1
    assert found["routes"] == 0
    one = found["shown"][0]
    assert one["priority_after"] < one["priority_before"]
    assert stored(installation) == before
    _, out, _ = run("--data", str(folder), "--since", "2020-01-01")
    assert "AL-2026-000001" in out and "priority" in out


def test_another_legal_file_sends_it_elsewhere(
    run: Run, tmp_path: Path
) -> None:
    """Material abroad with which nothing else leads home: the file says whether police are told."""
    context = build_context(load_settings())
    with context.database.writing() as session:
        case = session.scalars(select(Case)).one()
        case.danger_now = False
        case.item.hosting_country = "DE"
    context.close()
    folder = tmp_path / "law" / "countries" / "AL"
    folder.mkdir(parents=True)
    text = (SHIPPED / "AL" / "jurisdiction.toml").read_text("utf-8")
    rule = "foreign_hosting_to_police = false"
    assert rule in text
    changed = text.replace(rule, rule.replace("false", "true"))
    (folder / "jurisdiction.toml").write_text(changed, "utf-8")
    code, out, err = run(
        "--data", str(tmp_path / "law"), "--since", "2020-01-01", "--json"
    )
    assert (code, err) == (0, "")
    found = json.loads(out)
    assert found["routes"] == 1
    assert any("police" in route for route in found["shown"][0]["routes_new"])


def test_cases_of_before_are_not_asked_about(run: Run, tmp_path: Path) -> None:
    folder = changed_weights(tmp_path / "changed")
    _, out, _ = run("--data", str(folder), "--since", "2999-01-01")
    assert out.startswith("0 cases")


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("--data", "nowhere", "--since", "2026-01-01"), "no directory"),
        (("--data", ".", "--since", "2026-01-01"), "neither a folder data"),
        (("--data", ".", "--since", "yesterday"), "no day"),
    ],
)
def test_what_cannot_be_is_said(
    run: Run,
    arguments: tuple[str, ...],
    why: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own" / "x").mkdir()
    code, _, err = run(*arguments)
    assert code == 2
    assert why in err
    assert len(err.splitlines()) == 1


def test_a_faulty_file_is_named(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "bad" / "data"
    folder.mkdir(parents=True)
    (folder / "priority_weights.toml").write_text("no = toml = at all")
    code, _, err = run(
        "--data", str(tmp_path / "bad"), "--since", "2026-01-01"
    )
    assert code == 1
    assert "priority_weights.toml" in err
