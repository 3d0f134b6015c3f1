"""compose.yaml against the Compose Specification's schema, and what it promises beyond that.

No container engine is needed: what is checked is what an engine would be told.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from hotline.core.settings import CONFIG_VARIABLE, Settings, load_settings
from workers.queues.pools import Pool

ROOT = Path(__file__).parents[2]
SCHEMA = json.loads(
    (Path(__file__).parent / "data" / "compose-spec.json").read_text()
)
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
POOLS = tuple(str(pool) for pool in Pool)
OURS = ("migrate", "web", *POOLS, "scheduler")
LASTING = [name for name in SERVICES if name != "migrate"]
BESIDES_SETTINGS = {CONFIG_VARIABLE, "HOTLINE_SECRET_FILES"}


def faults(document: Any) -> list[str]:
    validator = jsonschema.Draft202012Validator(SCHEMA)
    return [
        f"{error.json_path}: {error.message}"
        for error in validator.iter_errors(document)
    ]


def secret_names(service: dict[str, Any]) -> list[str]:
    return list(service.get("secrets", []))


def test_it_follows_the_schema() -> None:
    assert faults(COMPOSE) == []


def test_the_schema_would_find_a_mistake() -> None:
    wrong = {
        **COMPOSE,
        "services": {"web": {**SERVICES["web"], "read_onyl": True}},
    }
    assert any("read_onyl" in fault for fault in faults(wrong))


def test_all_parts_are_there() -> None:
    assert set(SERVICES) == {*OURS, "postgres", "redis", "mail"}
    assert SERVICES["looking"]["deploy"]["replicas"] >= 2
    assert SERVICES["mail"]["profiles"] == ["dev"]
    assert [SERVICES[name]["command"][0] for name in OURS] == [
        "db",
        "web",
        *("worker" for _ in POOLS),
        "scheduler",
    ]
    for pool in POOLS:
        assert SERVICES[pool]["command"][1:] == ["--only", pool]


def test_what_takes_in_reports_cannot_wait_for_the_outside() -> None:
    assert SERVICES["intake"]["networks"] == ["backend"]
    assert COMPOSE["networks"]["backend"]["internal"] is True
    for pool in set(POOLS) - {"intake"}:
        assert "outside" in SERVICES[pool]["networks"]


def test_one_image_serves_all_of_ours() -> None:
    assert len({SERVICES[name]["image"] for name in OURS}) == 1


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_is_closed(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["init"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "cap_add" not in service
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["ulimits"]["core"] == 0
    assert not service.get("privileged")
    user, group = service["user"].split(":")
    assert int(user) > 0
    assert int(group) > 0


@pytest.mark.parametrize("name", LASTING)
def test_every_lasting_service_says_how_it_is_and_may_end_in_peace(
    name: str,
) -> None:
    service = SERVICES[name]
    assert service["healthcheck"]["test"][0] in ("CMD", "CMD-SHELL")
    assert service["stop_grace_period"]
    assert service["restart"] == "unless-stopped"


def test_a_worker_may_finish_its_job() -> None:
    from workers.queues.transport import JOB_SECONDS

    for pool in POOLS:
        minutes = re.fullmatch(r"(\d+)m", SERVICES[pool]["stop_grace_period"])
        assert minutes is not None
        assert int(minutes[1]) * 60 > JOB_SECONDS


@pytest.mark.parametrize("name", SERVICES)
def test_images_are_pinned_by_tag(name: str) -> None:
    repository, _, tag = SERVICES[name]["image"].rpartition(":")
    assert repository
    assert re.search(r"\d+\.\d+|\d{2}", tag)
    assert tag != "latest"


def test_the_dockerfile_pins_its_base() -> None:
    text = (ROOT / "Dockerfile").read_text()
    bases = re.findall(r"^FROM (\S+)", text, re.MULTILINE)
    assert set(bases) == {"${BASE}"}
    (default,) = re.findall(r"^ARG BASE=(\S+)$", text, re.MULTILINE)
    assert re.fullmatch(r"python:3\.\d+-slim-\w+", default)


@pytest.mark.parametrize("name", [name for name in OURS if name != "migrate"])
def test_ours_wait_for_the_schema_and_only_migrate_writes_keys(
    name: str,
) -> None:
    wanted = {"condition": "service_completed_successfully"}
    assert SERVICES[name]["depends_on"]["migrate"] == wanted
    assert "keys:/keys:ro" in SERVICES[name]["volumes"]
    assert "keys:/keys" in SERVICES["migrate"]["volumes"]
    assert SERVICES["migrate"]["restart"] == "no"


def test_redis_keeps_nothing() -> None:
    command = SERVICES["redis"]["command"]
    assert command[command.index("--save") + 1] == ""
    assert command[command.index("--appendonly") + 1] == "no"
    assert "volumes" not in SERVICES["redis"]
    assert any(
        mount.startswith("/data:") for mount in SERVICES["redis"]["tmpfs"]
    )


@pytest.mark.parametrize("name", ["postgres", "redis"])
def test_the_stores_are_reached_from_inside_only(name: str) -> None:
    assert SERVICES[name]["networks"] == ["backend"]
    assert COMPOSE["networks"]["backend"]["internal"] is True
    assert "ports" not in SERVICES[name]


def test_ports_are_published_on_loopback_only() -> None:
    ports = [
        port
        for service in SERVICES.values()
        for port in service.get("ports", [])
    ]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_secrets_are_files_and_named_as_settings() -> None:
    for name, secret in COMPOSE["secrets"].items():
        assert secret == {"file": f"./deploy/secrets/{name}"}
        if name.startswith("HOTLINE_"):
            assert (
                name.removeprefix("HOTLINE_").lower() in Settings.model_fields
            )
    for service in SERVICES.values():
        assert set(secret_names(service)) <= set(COMPOSE["secrets"])
    for name in OURS:
        assert (
            SERVICES[name]["environment"]["HOTLINE_SECRET_FILES"]
            == "/run/secrets"
        )
        assert "HOTLINE_DATABASE_URL" in secret_names(SERVICES[name])


def test_only_who_sends_mail_holds_its_password() -> None:
    holders = [
        name
        for name in SERVICES
        if "HOTLINE_SMTP_PASSWORD" in secret_names(SERVICES[name])
    ]
    assert holders == ["waking", "sending"]


def environment_of(service: dict[str, Any]) -> Iterator[tuple[str, str]]:
    yield from service.get("environment", {}).items()


@pytest.mark.parametrize("name", SERVICES)
def test_no_secret_stands_in_the_environment(name: str) -> None:
    for variable, value in environment_of(SERVICES[name]):
        secret_by_file = (
            variable.endswith("_FILE") or variable == "HOTLINE_SECRET_FILES"
        )
        assert secret_by_file or not re.search(
            "PASSWORD|SECRET_KEY|TOKEN|_URL", variable
        )
        assert "://" not in value


@pytest.mark.parametrize("name", OURS)
def test_names_in_the_environment_are_settings(name: str) -> None:
    for variable, _ in environment_of(SERVICES[name]):
        known = (
            variable.removeprefix("HOTLINE_").lower() in Settings.model_fields
        )
        assert known or variable in BESIDES_SETTINGS


@pytest.mark.parametrize("file", ["hotline.toml", "hotline.dev.toml"])
def test_the_example_settings_load(
    file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    (secrets / "HOTLINE_DATABASE_URL").write_text(
        "postgresql://hotline:pw@postgres:5432/hotline\n"
    )
    (secrets / "HOTLINE_REDIS_URL").write_text(
        "redis://hotline:pw@redis:6379/0\n"
    )
    (secrets / "HOTLINE_SMTP_PASSWORD").write_text("\n")
    (secrets / "postgres_password").write_text("pw\n")
    for variable, value in environment_of(SERVICES["web"]):
        monkeypatch.setenv(variable, value)
    monkeypatch.setenv(CONFIG_VARIABLE, str(ROOT / "deploy" / file))
    monkeypatch.setenv("HOTLINE_SECRET_FILES", str(secrets))
    settings = load_settings()
    assert settings.database_url.get_secret_value().endswith(
        "@postgres:5432/hotline"
    )
    assert settings.redis == "redis://hotline:pw@redis:6379/0"
    assert not settings.redis_is_embedded
    assert settings.smtp_password.get_secret_value() == ""
    assert settings.host == "0.0.0.0"
    assert str(settings.secrets_dir) == "/keys"
    if file == "hotline.toml":
        assert settings.secure_cookies
