"""Settings: from environment and file, all faults at once, secrets never shown."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from hotline.core.errors import Misconfigured
from hotline.core.settings import load_settings


def test_defaults_need_nothing(tmp_path: Path) -> None:
    settings = load_settings(data_dir=tmp_path)
    assert (
        settings.database_url.get_secret_value()
        == f"sqlite:///{tmp_path}/hotline.db"
    )
    assert settings.redis == f"unix://{tmp_path}/run/redis.sock"
    assert settings.public_url == "http://127.0.0.1:8000"
    assert settings.provider_url == settings.console_url == settings.public_url
    assert settings.secure_cookies is False
    assert settings.second_assessment
    assert settings.second_person


def test_environment_goes_before_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "hotline.toml"
    file.write_text('country = "RS"\nport = 9000\n')
    monkeypatch.setenv("HOTLINE_CONFIG", str(file))
    monkeypatch.setenv("HOTLINE_PORT", "9001")
    settings = load_settings()
    assert (settings.country, settings.port) == ("RS", 9001)


def test_secrets_come_from_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "HOTLINE_DATABASE_URL").write_text(
        "postgresql://u:p@db/hotline\n"
    )
    monkeypatch.setenv("HOTLINE_SECRET_FILES", str(tmp_path))
    settings = load_settings()
    assert (
        settings.database_url.get_secret_value()
        == "postgresql://u:p@db/hotline"
    )


def test_all_faults_are_named_at_once_and_no_value_is_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HOTLINE_PORT", "99999")
    monkeypatch.setenv("HOTLINE_COUNTRY", "albania")
    monkeypatch.setenv("HOTLINE_PUBLIC_URL", "ftp://secret-name.example")
    monkeypatch.setenv("HOTLINE_FETCH_ALLOWED_NETWORKS", '["not a network"]')
    with pytest.raises(Misconfigured) as caught:
        load_settings()
    words = str(caught.value)
    for name in ("port", "country", "public_url", "fetch_allowed_networks"):
        assert name in words
    assert "secret-name" not in words


def test_an_unknown_name_in_the_file_is_a_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "hotline.toml"
    file.write_text("countri = 'AL'\n")
    monkeypatch.setenv("HOTLINE_CONFIG", str(file))
    with pytest.raises(Misconfigured, match="countri"):
        load_settings()


@pytest.mark.parametrize("content", ["port = ", "\x00"])
def test_a_broken_file_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str
) -> None:
    file = tmp_path / "hotline.toml"
    file.write_text(content)
    monkeypatch.setenv("HOTLINE_CONFIG", str(file))
    with pytest.raises(Misconfigured):
        load_settings()


def test_a_named_file_that_is_missing_is_a_fault(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HOTLINE_CONFIG", "/nowhere/hotline.toml")
    with pytest.raises(Misconfigured, match="no such file"):
        load_settings()


def test_settings_are_frozen_and_hide_secrets(tmp_path: Path) -> None:
    settings = load_settings(data_dir=tmp_path, smtp_password="hunter2")
    assert "hunter2" not in repr(settings)
    with pytest.raises(ValidationError):
        settings.port = 1


def test_https_makes_cookies_secure(tmp_path: Path) -> None:
    assert load_settings(
        data_dir=tmp_path, public_url="https://report.example/"
    ).secure_cookies


@pytest.mark.parametrize(
    "url",
    [
        "redis://127.0.0.1:6379/0",
        "redis://localhost",
        "redis://user@redis:6379/0",
        "redis://user:@redis:6379/0",
        "rediss://redis.example:6380",
        "redis://redis:6379/0?password=",
    ],
)
def test_a_redis_by_tcp_without_a_password_is_refused(url: str) -> None:
    with pytest.raises(
        Misconfigured,
        match=r"redis_url: .*a Redis that is reached by TCP needs a",
    ):
        load_settings(redis_url=url)


@pytest.mark.parametrize(
    "given",
    [
        {"redis_url": "rediss://:pw@redis.example?ssl_cert_reqs=none"},
        {"redis_url": "rediss://:pw@redis.example?ssl_check_hostname=false"},
        {"redis_sentinels": ("s.example:26379",)},
        {
            "redis_sentinels": ("s.example:26379",),
            "redis_url": "redis://:pw@redis.example",
        },
        {
            "redis_sentinels": ("s.example:26379",),
            "redis_sentinel_password": "pw",
        },
        {
            "redis_sentinels": ("s.example:many",),
            "redis_url": "redis://:pw@redis.example",
            "redis_sentinel_password": "pw",
        },
    ],
)
def test_a_redis_that_others_could_stand_in_for_is_refused(
    given: dict[str, object], tmp_path: Path
) -> None:
    with pytest.raises(Misconfigured, match="redis_"):
        load_settings(data_dir=tmp_path, **given)


def test_another_scheme_is_no_redis() -> None:
    with pytest.raises(
        Misconfigured, match=r"redis_url: .*must start with unix://"
    ):
        load_settings(redis_url="http://redis.example")


@pytest.mark.parametrize(
    "url",
    [
        "unix:///run/redis.sock",
        "redis://:word@redis:6379/0",
        "redis://user:word@127.0.0.1",
        "rediss://redis.example?password=word",
    ],
)
def test_a_socket_or_a_password_will_do(url: str) -> None:
    assert load_settings(redis_url=url).redis == url
