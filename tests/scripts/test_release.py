"""What may be released; scripts/test-release.sh makes two releases and compares them."""

import importlib.util
import shutil
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "scripts" / "release.py"
CHANGELOG = """# Changelog

## [Unreleased]

- later

## [1.2.0] - 2026-03-04

### Added

- this

## [1.1.0] - 2026-01-02

- before
"""


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    spec = importlib.util.spec_from_file_location("release", SCRIPT)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # Dataclasses look their own module up.
    monkeypatch.setitem(sys.modules, "release", module)
    spec.loader.exec_module(module)
    return module


def test_a_version_s_changes_are_its_own(script: ModuleType) -> None:
    found = script.find_section(CHANGELOG, "1.2.0")
    assert found == "### Added\n\n- this\n"
    assert script.find_section(CHANGELOG, "1.1.0") == "- before\n"


@pytest.mark.parametrize("version", ["1.3.0", "Unreleased", "1.2", "1.2.0.1"])
def test_a_version_without_changes_is_refused(
    script: ModuleType, version: str
) -> None:
    with pytest.raises(script.Refused, match="no section"):
        script.find_section(CHANGELOG, version)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in ("pyproject.toml", "compose.yaml", "hotline/__init__.py"):
        target = tmp_path / name
        target.parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, target)
    return tmp_path


def test_every_file_names_one_version(script: ModuleType, tree: Path) -> None:
    assert script.find_version(tree) == script.find_version(ROOT)


@pytest.mark.parametrize("name", ["compose.yaml", "hotline/__init__.py"])
def test_a_file_of_another_version_is_refused(
    script: ModuleType, tree: Path, name: str
) -> None:
    version = script.find_version(tree)
    text = (tree / name).read_text()
    (tree / name).write_text(text.replace(version, f"{version}1"))
    with pytest.raises(script.Refused, match=name):
        script.find_version(tree)
