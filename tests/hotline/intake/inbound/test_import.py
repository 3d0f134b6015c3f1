"""``hotline import``: files into reports, each once."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import select

from hotline.core.context import Context
from hotline.intake.models import Report
from workers.cli import run

WHO = {
    "org": "Platform",
    "contact": "desk@platform.test",
    "domain": "platform.test",
}
XARF = {
    "xarf_version": "4.2.0",
    "report_id": "550e8400-e29b-41d4-a716-446655440000",
    "timestamp": "2026-11-23T09:00:00Z",
    "reporter": WHO,
    "sender": WHO,
    "category": "content",
    "source_identifier": "192.0.2.7",
    "type": "csam",
    "url": "https://host.test/a",
    "classification": "A1",
    "detection_method": "hash_match",
}
NCMEC = (
    b"<report><reportId>7</reportId><incidentSummary><incidentType>x</incidentType>"
    b"<incidentDateTime>2026-11-20T08:00:00Z</incidentDateTime></incidentSummary></report>"
)
ARF = (
    b"Message-ID: <9@x.test>\n"
    b'Content-Type: multipart/report; report-type=feedback-report; boundary="b"\n\n'
    b"--b\nContent-Type: message/feedback-report\n\n"
    b"Feedback-Type: abuse\nUser-Agent: x\nVersion: 1\n"
    b"Reported-URI: https://host.test/z\n\n--b--\n"
)


@pytest.fixture
def installed(
    make_context: Callable[..., Context], monkeypatch: pytest.MonkeyPatch
) -> Context:
    context = make_context()
    monkeypatch.setenv("HOTLINE_DATA_DIR", str(context.settings.data_dir))
    return context


def stored(context: Context) -> list[tuple[str, str]]:
    with context.database.reading() as session:
        return [
            tuple(row)
            for row in session.execute(select(Report.channel, Report.source))
        ]


def test_a_file_is_stored_once_with_its_source(
    installed: Context, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "a.json"
    file.write_text(json.dumps(XARF))
    assert (
        run(["import", "xarf", str(file), "--source", "Platform", "--json"])
        == 0
    )
    first = json.loads(capsys.readouterr().out)
    assert first["new"] is True
    assert first["reference"] == XARF["report_id"]
    assert (
        run(["import", "xarf", str(file), "--source", "Platform", "--json"])
        == 0
    )
    assert json.loads(capsys.readouterr().out) == {**first, "new": False}
    assert stored(installed) == [("partner", "Platform")]
    assert run(["import", "xarf", str(file), "--source", "Somebody else"]) == 0
    assert "1 reports stored, 0 were there" in capsys.readouterr().out


def test_a_bad_file_does_not_stop_the_others(
    installed: Context, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good, bad = tmp_path / "good.xml", tmp_path / "bad.xml"
    good.write_bytes(NCMEC)
    bad.write_bytes(b"<report>")
    missing = tmp_path / "none.xml"
    assert run(["import", "ncmec", str(bad), str(missing), str(good)]) == 2
    told = capsys.readouterr()
    assert "1 reports stored, 0 were there, 2 files not read." in told.out
    assert "bad.xml" in told.err
    assert "2 of 3 files" in told.err
    assert stored(installed) == [("partner", "NCMEC")]


def test_standard_input_and_arf(
    installed: Context,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    class Stdin:
        buffer = io.BytesIO(ARF)

    monkeypatch.setattr("sys.stdin", Stdin())
    assert run(["import", "arf", "-"]) == 0
    assert "9@x.test" in capsys.readouterr().out
    assert stored(installed) == [("partner", "ARF file")]


def test_a_source_must_have_a_name(installed: Context, tmp_path: Path) -> None:
    file = tmp_path / "a.xml"
    file.write_bytes(NCMEC)
    assert run(["import", "ncmec", str(file), "--source", " "]) == 2
    assert stored(installed) == []
