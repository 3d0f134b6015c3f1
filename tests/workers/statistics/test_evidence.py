"""The pack says what it holds, holds what it says, and names nobody."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import zipfile
from pathlib import Path

import pytest
from sqlalchemy import select

from hotline.core.context import Context
from hotline.core.storage.audit import AuditEntry
from workers import cli
from workers.statistics import closing
from workers.statistics.periods import parse_period
from workers.statistics.tables import TableName

FILES = {
    "README.txt",
    "controls.json",
    "dsa-article-22-3.csv",
    "figures.csv",
    "figures.json",
    "figures.pdf",
    "figures.xlsx",
    "inhope-quality-review.csv",
    "lanzarote-committee.csv",
    "manifest.json",
}


@pytest.fixture
def written(
    house: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    settings = house.settings
    monkeypatch.setenv("HOTLINE_DATA_DIR", str(settings.data_dir))
    monkeypatch.setenv("HOTLINE_SECRETS_DIR", str(settings.secrets_dir))
    monkeypatch.setenv("HOTLINE_COUNTRY", "AL")
    path = tmp_path / "pack.zip"
    days = ["--from", "2026-02-01", "--to", "2026-03-31"]
    assert cli.run(["evidence", *days, "--out", str(path)]) == 0
    return path


def test_every_file_is_in_the_manifest_with_its_checksum(
    written: Path,
) -> None:
    with zipfile.ZipFile(written) as pack:
        assert set(pack.namelist()) == FILES
        manifest = json.loads(pack.read("manifest.json"))
        for name, entry in manifest["files"].items():
            body = pack.read(name)
            assert hashlib.sha256(body).hexdigest() == entry["sha256"], name
            assert len(body) == entry["bytes"]
    assert set(manifest["files"]) == FILES - {"manifest.json"}
    assert manifest["period"]["first"] == "2026-02-01"


def test_the_figures_are_those_of_the_dashboard_and_name_nobody(
    house: Context, written: Path
) -> None:
    period = parse_period("2026-02-01..2026-03-31", "Europe/Tirane")
    with house.database.reading() as session:
        figures = closing.read_figures(session, house, period, period.end)
    with zipfile.ZipFile(written) as pack:
        body = {name: pack.read(name) for name in pack.namelist()}
    told = json.loads(body["figures.json"])["tables"]
    assert told["by_provider"] == figures[TableName.BY_PROVIDER].to_json()
    text = body["dsa-article-22-3.csv"].decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert {row["table"] for row in rows} == {
        "by_provider",
        "notices_by_kind",
    }
    controls = json.loads(body["controls.json"])
    assert controls["audit_log"]["intact"]
    assert controls["accounts"]["auditor"] == 1
    for name, content in body.items():
        if not name.endswith((".pdf", ".xlsx")):
            assert b"analyst0" not in content, name
    assert body["figures.pdf"].startswith(b"%PDF-")


def test_that_it_was_written_is_in_the_log_and_nothing_is_overwritten(
    house: Context, written: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with house.database.reading() as session:
        entry = session.scalars(
            select(AuditEntry).where(AuditEntry.action == "evidence.written")
        ).one()
    assert entry.entity_id == "2026-02-01..2026-03-31"
    assert (
        cli.run(["evidence", "--period", "2026", "--out", str(written)]) == 1
    )
    assert "exists" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--from", "2026-02-01"],
        ["--period", "soon"],
        ["--period", "2026", "--from", "2026-02-01", "--to", "2026-02-02"],
        ["--period", "2026", "--out", "/nowhere/at/all.zip"],
    ],
)
def test_wrong_input_is_said_in_a_line(
    written: Path, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert cli.run(["evidence", *arguments]) == 2
    assert len(capsys.readouterr().err.strip().splitlines()) == 1
