"""The Dockerfile's promises that can be read from it, and the scripts that stand around it."""

from __future__ import annotations

import hashlib
import os
import re
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

import pytest
import yaml

from workers.redis_server import find_server

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
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


def make_secrets(folder: Path) -> subprocess.CompletedProcess[str]:
    script = str(ROOT / "deploy" / "make-secrets.sh")
    return subprocess.run([script, str(folder)], capture_output=True, text=True, check=False)


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
    assert "--require-hashes" in DOCKERFILE
    assert "--only-binary :all:" in DOCKERFILE
    assert not re.search(r"apt-get|gcc|build-essential", DOCKERFILE)


def test_all_catalogues_are_compiled() -> None:
    pattern = re.search(r"for po in (\S+);", DOCKERFILE)
    assert pattern is not None
    found = [path.relative_to(ROOT).as_posix() for path in ROOT.glob("[a-z]*/**/*.po")]
    assert found
    assert all(fnmatch(path, pattern[1]) for path in found)


def test_the_image_runs_as_the_user_that_compose_names() -> None:
    users = re.findall(r"^USER (\S+)$", DOCKERFILE, re.MULTILINE)
    services = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    assert users == [services["web"]["user"]] == ["10001:10001"]
    assert "HEALTHCHECK" not in DOCKERFILE  # one image has three; compose knows which


def test_secrets_are_made_once_and_never_replaced(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    assert make_secrets(folder).returncode == 0
    first = contents(folder)
    assert set(first) == SECRETS
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    (folder / "HOTLINE_SMTP_PASSWORD").chmod(0o600)
    (folder / "HOTLINE_SMTP_PASSWORD").write_text("from the mail host\n")
    assert make_secrets(folder).returncode == 0
    assert contents(folder) == {**first, "HOTLINE_SMTP_PASSWORD": "from the mail host\n"}


def test_the_two_sides_hold_the_same_password(tmp_path: Path) -> None:
    assert make_secrets(tmp_path).returncode == 0
    made = contents(tmp_path)
    password = made["postgres_password"].strip()
    assert len(password) == 48
    assert f":{password}@postgres:5432/" in made["HOTLINE_DATABASE_URL"]
    redis_password = made["HOTLINE_REDIS_URL"].split(":")[2].split("@")[0]
    assert hashlib.sha256(redis_password.encode()).hexdigest() in made["redis_users"]
    assert redis_password not in made["redis_users"]
    assert redis_password != password


def test_half_a_set_of_secrets_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "postgres_password").write_text("old\n")
    refused = make_secrets(tmp_path)
    assert refused.returncode == 1
    assert "HOTLINE_DATABASE_URL" in refused.stderr
    assert contents(tmp_path) == {"postgres_password": "old\n"}


@pytest.fixture
def closed_redis(tmp_path: Path) -> Iterator[dict[str, str]]:
    """A Redis started as compose.yaml starts it, with the users that make-secrets.sh made."""
    assert make_secrets(tmp_path / "secrets").returncode == 0
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    services = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    wanted = [word.replace("/run/secrets", str(tmp_path / "secrets"))
              for word in services["redis"]["command"][1:]]  # fmt: skip
    process = subprocess.Popen(
        [find_server(), *wanted, "--port", str(port), "--bind", "127.0.0.1"],
        cwd=tmp_path, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    url = (tmp_path / "secrets" / "HOTLINE_REDIS_URL").read_text().strip()
    yield {**os.environ, "PYTHONPATH": str(ROOT), "HOTLINE_DATA_DIR": str(tmp_path / "data"),
           "HOTLINE_REDIS_URL": url.replace("@redis:6379", f"@127.0.0.1:{port}")}  # fmt: skip
    process.terminate()
    process.wait(10)


def healthcheck(what: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(ROOT / "deploy" / "healthcheck.py"), what],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip


def hotline(environment: dict[str, str], *words: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", "hotline", *words], env=environment, cwd=ROOT)


@pytest.mark.services
def test_a_worker_is_healthy_while_it_runs(closed_redis: dict[str, str]) -> None:
    assert hotline(closed_redis, "db", "upgrade").wait(60) == 0
    assert healthcheck("scheduler", closed_redis).returncode == 0
    before = healthcheck("worker", closed_redis)
    assert before.returncode == 1
    assert "no worker" in before.stderr
    worker = hotline(closed_redis, "worker")
    try:
        for _ in range(60):
            if healthcheck("worker", closed_redis).returncode == 0:
                break
            time.sleep(0.5)
        else:
            pytest.fail("the worker never became healthy")
    finally:
        worker.terminate()
        worker.wait(30)
    assert healthcheck("worker", closed_redis).returncode == 1


def test_what_cannot_be_asked_is_not_healthy(tmp_path: Path) -> None:
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "HOTLINE_DATA_DIR": str(tmp_path),
        "HOTLINE_REDIS_URL": "redis://user:hidden-word@127.0.0.1:1/0",
        "HOTLINE_PORT": "1",
    }
    for what in ("web", "worker", "scheduler"):
        answer = healthcheck(what, environment)
        assert answer.returncode == 1, what
        assert "hidden-word" not in answer.stderr
    assert healthcheck("nothing", environment).returncode == 1
