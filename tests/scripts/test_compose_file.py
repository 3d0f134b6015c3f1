"""compose.yaml as podman's arguments: all that the file says is told, or an error."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest
import yaml

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "scripts" / "image" / "compose_file.py"


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    spec = importlib.util.spec_from_file_location("compose_file", SCRIPT)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # Dataclasses look their own module up.
    monkeypatch.setitem(sys.modules, "compose_file", module)
    spec.loader.exec_module(module)
    return module


def read(script: ModuleType, folder: Path, **said: object) -> object:
    """The one service of a file that says just this."""
    file = folder / "compose.yaml"
    file.write_text(
        yaml.safe_dump(
            {
                "services": {"one": {"image": "i", "networks": [], **said}},
                "secrets": {"word": {"file": "./secrets/word"}},
                "configs": {"own": {"file": "${OWN:-./own.toml}"}},
            }
        )
    )
    return script.read_services(file, script.Places(folder, {}))["one"]


@pytest.mark.parametrize("name", ["web", "intake", "postgres", "redis"])
def test_the_file_s_hardening_reaches_podman(
    script: ModuleType, name: str
) -> None:
    places = script.Places(ROOT, {})
    service = script.read_services(ROOT / "compose.yaml", places)[name]
    arguments = service.podman_arguments()
    assert {
        "--init",
        "--read-only",
        "--read-only-tmpfs=false",
        "--cap-drop=ALL",
        "--security-opt=no-new-privileges:true",
        "--ulimit=core=0:0",
        "--pids-limit=512",
        "--memory=1536m",
        f"--user={service.said['user']}",
    } <= set(arguments)
    assert any(word.startswith("--tmpfs=") for word in arguments)
    assert any("/run/secrets/" in word for word in arguments)
    assert service.health_command


def test_secrets_and_settings_are_files_that_cannot_be_written(
    script: ModuleType, tmp_path: Path
) -> None:
    service = read(
        script,
        tmp_path,
        secrets=["word"],
        configs=[{"source": "own", "target": "/etc/own.toml"}],
    )
    told = service.podman_arguments()  # type: ignore[attr-defined]
    assert sorted(told) == [
        f"--volume={tmp_path}/own.toml:/etc/own.toml:ro",
        f"--volume={tmp_path}/secrets/word:/run/secrets/word:ro",
    ]


def test_what_is_not_known_is_not_passed_over(
    script: ModuleType, tmp_path: Path
) -> None:
    service = read(script, tmp_path, privileged=True)
    with pytest.raises(script.UnknownSetting, match="privileged"):
        service.podman_arguments()  # type: ignore[attr-defined]


def test_whom_others_wait_for_comes_first(script: ModuleType) -> None:
    places = script.Places(ROOT, {})
    services = script.read_services(ROOT / "compose.yaml", places)
    order = [service.name for service in script.start_order(services)]
    assert order.index("postgres") < order.index("migrate")
    assert order.index("migrate") < min(
        order.index(name) for name in ("web", "intake", "scheduler")
    )
    assert sorted(order) == sorted(services)


def test_a_circle_is_an_error(script: ModuleType, tmp_path: Path) -> None:
    waits = {"one": {"condition": "service_healthy"}}
    service = read(script, tmp_path, depends_on=waits)
    with pytest.raises(script.UnknownSetting, match="circle"):
        list(script.start_order({"one": service}))


@pytest.mark.parametrize(
    ("text", "seconds"), [("20s", 20), ("2m", 120), ("1h1m1s", 3661)]
)
def test_durations(script: ModuleType, text: str, seconds: int) -> None:
    assert script.seconds_of(text) == seconds


def test_what_is_no_duration_is_an_error(script: ModuleType) -> None:
    with pytest.raises(script.UnknownSetting):
        script.seconds_of("soon")
