"""``hotline hash``: one object a file, or one line on stderr and exit code 2."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import pytest
import typer
from PIL import Image
from typer.testing import CliRunner

from hotline.core.errors import InvalidInput
from workers.cli.hashlists import hash as command


@pytest.fixture
def app() -> typer.Typer:
    app = typer.Typer()
    app.callback()(lambda: None)
    command.register(app)
    return app


@pytest.fixture
def shapes(tmp_path: Path) -> Path:
    """Stripes of many widths: a picture with much to see."""
    path = tmp_path / "shapes.png"
    image = Image.new("RGB", (300, 200))
    image.putdata(
        [
            ((x * x // 90 * 40) % 256, (x * y // 50) % 256, 90)
            for y in range(200)
            for x in range(300)
        ]
    )
    image.save(path)
    return path


def run(app: typer.Typer, *arguments: str | Path) -> Any:
    return CliRunner().invoke(app, ["hash", *map(str, arguments)])


def test_json_is_one_object_a_file(
    app: typer.Typer, shapes: Path, tmp_path: Path
) -> None:
    other = tmp_path / "notes.txt"
    other.write_bytes(b"no media")
    outcome = run(app, "--json", shapes, other)
    assert outcome.exit_code == 0
    first, second = map(json.loads, outcome.stdout.splitlines())
    assert (first["file"], first["kind"], first["hashable"]) == (
        str(shapes),
        "image",
        True,
    )
    assert len(first["pdq"]) == 64
    assert first["dihedral"] == []
    assert second["problems"] == ["unsupported_type"]
    assert second["sha256"] == hashlib.sha256(b"no media").hexdigest()


def test_for_people(app: typer.Typer, shapes: Path) -> None:
    outcome = run(app, "--dihedral", shapes)
    assert outcome.exit_code == 0
    assert "pdq_quality" in outcome.stdout
    assert outcome.stdout.count("turned") == 8


def test_a_name_with_markup_is_shown_as_it_is(
    app: typer.Typer, shapes: Path, tmp_path: Path
) -> None:
    odd = shapes.rename(tmp_path / "[red]odd.png")
    assert "[red]odd.png" in run(app, odd).stdout


def test_a_name_that_is_no_text(app: typer.Typer, tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"\xff.bin")
    path.write_bytes(b"x")
    outcome = run(app, "--json", path)
    assert json.loads(outcome.stdout)["file"].endswith("\ufffd.bin")


@pytest.mark.parametrize(
    ("name", "says"),
    [("missing.png", "does not exist"), (".", "is a directory")],
)
def test_what_cannot_be_read_is_said_before_anything_is_hashed(
    name: str, says: str, app: typer.Typer, shapes: Path, tmp_path: Path
) -> None:
    outcome = run(app, "--json", shapes, tmp_path / name)
    assert isinstance(outcome.exception, InvalidInput)
    assert says in str(outcome.exception)
    assert outcome.stdout == ""


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission(app: typer.Typer, shapes: Path) -> None:
    shapes.chmod(0)
    outcome = run(app, shapes)
    assert "permission denied" in str(outcome.exception)


def test_hashing_leaves_nothing_behind(
    app: typer.Typer, shapes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(shapes.parent)
    run(app, "--json", shapes)
    assert list(shapes.parent.iterdir()) == [shapes]
