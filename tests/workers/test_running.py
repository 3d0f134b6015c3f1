"""A command beside a running demo looks at the demo's data, unless another directory is named."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from hotline.core.settings import Settings, load_settings
from workers.cli.opening import load_running_settings
from workers.cli.running import demo
from workers.demo.configure import sandbox_settings
from workers.processes.supervise import lock_data_dir


@pytest.fixture(autouse=True)
def _own_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)


def forget_settings() -> None:
    """As in the shell of somebody else than the demo's."""
    for name in [name for name in os.environ if name.startswith("HOTLINE_")]:
        del os.environ[name]


@pytest.fixture
def demo_settings() -> Settings:
    settings = sandbox_settings()
    forget_settings()
    return settings


def test_the_running_demo_is_found(
    demo_settings: Settings, capfd: pytest.CaptureFixture[str]
) -> None:
    with lock_data_dir(demo_settings):
        settings = load_running_settings()
        assert settings.data_dir == demo_settings.data_dir
        assert settings.fetch_hosts == demo_settings.fetch_hosts
    assert str(demo_settings.data_dir) in capfd.readouterr().err


def test_a_demo_that_ended_is_not_looked_at(demo_settings: Settings) -> None:
    lock_data_dir(demo_settings).close()
    assert load_running_settings().data_dir == load_settings().data_dir


def test_whoever_names_a_directory_means_it(
    demo_settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOTLINE_DATA_DIR", str(tmp_path / "other"))
    with lock_data_dir(demo_settings):
        assert load_running_settings().data_dir == tmp_path / "other"


def test_the_service_itself_comes_before_its_demo(
    demo_settings: Settings,
) -> None:
    with lock_data_dir(demo_settings), lock_data_dir(load_settings()):
        assert load_running_settings().data_dir == load_settings().data_dir


def test_a_second_start_knows_the_sign_ins_of_the_first(
    demo_settings: Settings, capfd: pytest.CaptureFixture[str]
) -> None:
    demo_settings.data_dir.mkdir(parents=True, exist_ok=True)
    first = demo._keep_sign_ins(demo_settings, {"arta": "some words"})
    assert demo._keep_sign_ins(demo_settings, {}) == first
    file = demo_settings.data_dir / demo.SIGN_INS
    assert file.stat().st_mode & 0o777 == 0o600
    assert not capfd.readouterr().err
    file.unlink()
    assert demo._keep_sign_ins(demo_settings, {}) == {}
    assert "begin again" in capfd.readouterr().err
