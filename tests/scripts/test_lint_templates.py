"""The check of templates finds a line that is too long, and names it."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "lint_templates.py"


@pytest.fixture
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("lint_templates", SCRIPT)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_line_of_161_characters_is_named(
    script: ModuleType, tmp_path: Path
) -> None:
    lines = ["a" * 160, "ë" * 160, "b" * 161]
    (tmp_path / "page.html").write_text("\n".join(lines), encoding="utf-8")
    (fault,) = script.find_long_lines(tmp_path, ["page.html"])
    assert fault == "page.html:3: 161 characters, more than 160"


def test_the_templates_of_the_service_are_looked_at(
    script: ModuleType,
) -> None:
    listed = script.list_templates(script.ROOT)
    assert "hotline/core/templates/console/base.html" in listed
    assert list(script.find_long_lines(script.ROOT, listed)) == []
