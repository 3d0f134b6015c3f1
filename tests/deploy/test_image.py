"""The Dockerfile's promises that can be read from it, and the scripts that stand around it."""

from __future__ import annotations

import hashlib
import re
import runpy
import socket
import stat
import subprocess
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import redis
import yaml

from hotline.core.context import Context, utc_now
from hotline.core.storage import audit
from workers.queues.redis_server import find_server
from workers.queues.transport import alive_key

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
healthcheck = runpy.run_path(str(ROOT / "deploy" / "healthcheck.py"))["main"]
PARTS = ("hotline", "triage", "partners", "workers")
SECRETS = {
    "postgres_password",
    "HOTLINE_DATABASE_URL",
    "redis_users",
    "HOTLINE_REDIS_URL",
    "HOTLINE_SMTP_PASSWORD",
}


def copied() -> list[str]:
    lines = re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE, re.MULTILINE)
    return [source for line in lines for source in line.split()[:-1]]


def test_the_image_can_dump_the_server_of_the_composition() -> None:
    composition = yaml.safe_load((ROOT / "compose.yaml").read_text())
    server = composition["services"]["postgres"]["image"]
    (major,) = re.findall(r"^ARG POSTGRESQL=(\d+)$", DOCKERFILE, re.MULTILINE)
    assert server.startswith(f"postgres:{major}-")


def make_secrets(folder: Path) -> subprocess.CompletedProcess[str]:
    script = str(ROOT / "deploy" / "make-secrets.sh")
    return subprocess.run(
        [script, str(folder)], capture_output=True, text=True, check=False
    )


def contents(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir()}


def test_what_the_dockerfile_copies_exists_and_is_not_ignored() -> None:
    ignore = (ROOT / ".dockerignore").read_text().split()
    let_in = {line[1:] for line in ignore if line.startswith("!")}
    assert ignore.index("*") < min(ignore.index(f"!{name}") for name in let_in)
    assert copied()
    for source in copied():
        assert (ROOT / source).exists(), source
        assert source in let_in
    assert let_in == set(copied())


def test_every_package_is_in_the_image() -> None:
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    assert packages <= set(copied())


def test_packages_come_by_hash_and_nothing_is_compiled() -> None:
    installs = re.findall(r"pip install ([^&]+)", DOCKERFILE)
    assert len(installs) == 3
    assert all("--require-hashes" in words for words in installs)
    for name in ("run", "traces", "dev", "tools", "sbom"):
        lock = (ROOT / "requirements" / f"{name}.lock").read_text()
        assert "--only-binary :all:" in lock.splitlines()
    assert not re.search(r"gcc|build-essential", DOCKERFILE)
    installed = re.findall(
        r"apt-get install -y -q --no-install-recommends ([^&]+)", DOCKERFILE
    )
    assert [words.split() for words in installed] == [["libpq5"]]


def pins_of(name: str) -> set[str]:
    lock = (ROOT / "requirements" / f"{name}.lock").read_text()
    return set(re.findall(r"^[a-z0-9-]+==[^ ]+", lock, re.MULTILINE))


@pytest.mark.parametrize("name", ["traces", "dev", "bench"])
def test_every_lock_has_what_the_service_needs(name: str) -> None:
    """Whoever writes one of them anew writes the others, too."""
    assert pins_of("run")
    assert pins_of("run") - pins_of(name) == set()


def test_nobody_asks_for_the_package_of_the_service_itself() -> None:
    """The image holds the code, not a package: there is none to ask for its version."""
    code = [path for name in PARTS for path in (ROOT / name).rglob("*.py")]
    asking = [
        str(path.relative_to(ROOT))
        for path in code
        if re.search(r"""(version|metadata)\(["']hotline""", path.read_text())
    ]
    assert code
    assert asking == []


def test_every_language_s_folder_is_copied() -> None:
    """Catalogues are read as text, so to copy them is enough."""
    languages = [
        path.relative_to(ROOT)
        for name in PARTS
        for path in (ROOT / name).rglob("*.po")
    ]
    assert languages
    assert all(path.parts[0] in copied() for path in languages)


def test_the_image_runs_as_the_user_that_compose_names() -> None:
    users = re.findall(r"^USER (\S+)$", DOCKERFILE, re.MULTILINE)
    services = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    assert users == [services["web"]["user"]] == ["10001:10001"]
    assert (
        "HEALTHCHECK" not in DOCKERFILE
    )  # one image has three; compose knows which


def test_secrets_are_made_once_and_never_replaced(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    assert make_secrets(folder).returncode == 0
    first = contents(folder)
    assert set(first) == SECRETS
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    (folder / "HOTLINE_SMTP_PASSWORD").chmod(0o600)
    (folder / "HOTLINE_SMTP_PASSWORD").write_text("from the mail host\n")
    assert make_secrets(folder).returncode == 0
    assert contents(folder) == {
        **first,
        "HOTLINE_SMTP_PASSWORD": "from the mail host\n",
    }


def test_the_two_sides_hold_the_same_password(tmp_path: Path) -> None:
    assert make_secrets(tmp_path).returncode == 0
    made = contents(tmp_path)
    password = made["postgres_password"].strip()
    assert len(password) == 48
    assert f":{password}@postgres:5432/" in made["HOTLINE_DATABASE_URL"]
    redis_password = made["HOTLINE_REDIS_URL"].split(":")[2].split("@")[0]
    assert (
        hashlib.sha256(redis_password.encode()).hexdigest()
        in made["redis_users"]
    )
    assert redis_password not in made["redis_users"]
    assert redis_password != password


def test_half_a_set_of_secrets_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "postgres_password").write_text("old\n")
    refused = make_secrets(tmp_path)
    assert refused.returncode == 1
    assert "HOTLINE_DATABASE_URL" in refused.stderr
    assert contents(tmp_path) == {"postgres_password": "old\n"}


@pytest.fixture
def closed_redis(tmp_path: Path) -> Iterator[str]:
    """URL of a Redis that runs as compose.yaml says, with the users that make-secrets.sh made."""
    assert make_secrets(tmp_path / "secrets").returncode == 0
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    services = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    wanted = [
        word.replace("/run/secrets", str(tmp_path / "secrets"))
        for word in services["redis"]["command"][1:]
    ]
    process = subprocess.Popen(
        [find_server(), *wanted, "--port", str(port), "--bind", "127.0.0.1"],
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
    )
    url = (tmp_path / "secrets" / "HOTLINE_REDIS_URL").read_text().strip()
    yield url.replace("@redis:6379", f"@127.0.0.1:{port}")
    process.terminate()
    process.wait(10)


def until_up(client: redis.Redis) -> redis.Redis:
    for _ in range(100):
        try:
            client.ping()
        except redis.ConnectionError:
            time.sleep(0.05)
        else:
            return client
    pytest.fail("Redis did not come up")


@pytest.mark.services
def test_redis_lets_only_the_service_in(closed_redis: str) -> None:
    until_up(redis.Redis.from_url(closed_redis)).set("name", "value")
    address = closed_redis.split("@")[1]
    health = redis.Redis.from_url(f"redis://health:none@{address}")
    assert health.ping()
    with pytest.raises(redis.exceptions.NoPermissionError):
        health.get("name")
    with pytest.raises(redis.exceptions.AuthenticationError):
        redis.Redis.from_url(f"redis://{address}").ping()


@pytest.mark.services
def test_a_worker_is_healthy_while_redis_knows_it(
    closed_redis: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOTLINE_REDIS_URL", closed_redis)
    monkeypatch.setenv("HOTLINE_DATA_DIR", str(tmp_path))
    connection = until_up(redis.Redis.from_url(closed_redis))
    assert "no worker" in str(healthcheck(["worker"]))
    alive = alive_key(socket.gethostname(), 1)
    connection.set(alive, 1)
    assert healthcheck(["worker"]) == 0
    connection.delete(alive)
    assert "no worker" in str(healthcheck(["worker"]))


def test_a_scheduler_is_healthy_while_the_audit_log_is_sealed(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = context.settings.database_url.get_secret_value()
    monkeypatch.setenv("HOTLINE_DATABASE_URL", url)
    assert healthcheck(["scheduler"]) == 0
    with context.database.writing() as session:
        audit.record_entry(
            session,
            actor="test",
            action="test",
            entity="test",
            entity_id="1",
            now=utc_now() - timedelta(minutes=10),
        )
    assert "not being sealed" in str(healthcheck(["scheduler"]))
    with context.database.writing() as session:
        audit.seal_entries(session)
    assert healthcheck(["scheduler"]) == 0


def test_what_cannot_be_asked_is_not_healthy(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOTLINE_DATA_DIR", str(tmp_path))
    monkeypatch.setenv(
        "HOTLINE_REDIS_URL", "redis://user:hidden-word@127.0.0.1:1/0"
    )
    monkeypatch.setenv("HOTLINE_PORT", "1")
    for what in ("web", "worker", "scheduler"):
        answer = str(healthcheck([what]))
        assert answer != "0", what
        assert "hidden-word" not in answer
    assert str(healthcheck(["nothing"])).startswith("usage")


def test_the_list_of_components_is_made_and_its_maker_left_behind() -> None:
    first, second = DOCKERFILE.split("FROM ${BASE}")[1:]
    made = re.search(r"cyclonedx-py environment .*--validate -o (\S+)", first)
    assert made
    copied_over = re.findall(r"COPY --from=build (\S+)", second)
    assert made[1] in copied_over
    assert not {"/opt/sbom", "/opt/tools", "/tmp"} & set(copied_over)
