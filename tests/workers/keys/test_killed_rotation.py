"""A rotation is killed at each of its moments in turn, on both databases; then it goes on."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, select, text

from hotline.core.act import Act
from hotline.core.context import Context, utc_now
from hotline.core.settings import Settings, load_settings
from hotline.core.storage.keys.key_rotations import KeyRotation
from hotline.intake.api import keys, webhooks
from hotline.intake.models import ApiKey
from tests.conftest import BACKENDS
from tests.support.clock import NOW
from tests.support.house import House
from tests.support.killed import Killing
from tests.workers.keys.conftest import Lived, live_in
from workers.house import open_own_context, require_own_database
from workers.keys.holdings import HOLDINGS
from workers.keys.retiring import list_older_keys
from workers.keys.rotation import Pace, rotate_key

KILLED = Path(__file__).parents[2] / "support" / "killed.py"
LEAST_MOMENTS = 8
WEEK = timedelta(days=7)


@dataclass
class Killer:
    """The program whose forks are killed."""

    process: subprocess.Popen[str]

    def rotate(self, killing: Killing) -> int:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{killing.to_json()}\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())


@pytest.fixture(scope="module")
def killer() -> Iterator[Killer]:
    own = {k: v for k, v in os.environ.items() if not k.startswith("HOTLINE_")}
    with subprocess.Popen(
        [sys.executable, str(KILLED)],
        env=own,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield Killer(process)


@dataclass
class Copy:
    """A house as it was before the rotation, to be killed in."""

    killer: Killer
    folder: Path
    database_url: str

    @property
    def settings(self) -> Settings:
        given: dict[str, object] = {
            "data_dir": self.folder,
            "country": "AL",
            "package_at": "",
        }
        if self.database_url:
            given["database_url"] = self.database_url
        return load_settings(**given)

    @property
    def said(self) -> Path:
        """What the rotation wrote to the terminal."""
        return self.folder / "said"

    def rotate(self, name: str, moment: int) -> int:
        self.said.unlink(missing_ok=True)
        return self.killer.rotate(
            Killing(
                str(self.folder),
                self.database_url,
                name,
                moment,
                str(self.said),
            )
        )

    def is_killed(self, name: str, moment: int) -> bool:
        code = self.rotate(name, moment)
        assert code in (0, -signal.SIGKILL), self.said.read_text()
        return code != 0


@contextmanager
def copied(
    killer: Killer, context: Context, tmp_path: Path, moment: int
) -> Iterator[Copy]:
    """Files and database of the house; nobody has it open."""
    folder = tmp_path / f"killed-{moment}"
    shutil.copytree(
        context.settings.data_dir,
        folder,
        ignore=shutil.ignore_patterns("run"),
    )
    if context.database.is_sqlite:
        yield Copy(killer, folder, "")
    else:
        with copied_database(context, f"killed_{moment}") as url:
            yield Copy(killer, folder, url)
    shutil.rmtree(folder)


def killed_copies(
    killer: Killer, context: Context, tmp_path: Path, name: str
) -> Iterator[Copy]:
    """A house for each moment at which the rotation was killed, from the first to the last."""
    for moment in range(1, 100):
        with copied(killer, context, tmp_path, moment) as copy:
            if not copy.is_killed(name, moment):
                return
            yield copy


@contextmanager
def copied_database(context: Context, name: str) -> Iterator[str]:
    url = context.database.engine.url
    name = f"{url.database}_{name}"
    engine = create_engine(
        make_url(url).set(database="postgres"), isolation_level="AUTOCOMMIT"
    )
    with engine.connect() as connection:
        connection.execute(
            text(f"CREATE DATABASE {name} TEMPLATE {url.database}")
        )
    yield url.set(database=name).render_as_string(hide_password=False)
    with engine.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    engine.dispose()


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", HOLDINGS)
@pytest.mark.parametrize("backend", BACKENDS)
def test_a_rotation_that_is_killed_anywhere_goes_on(
    make_context: Callable[..., Context],
    killer: Killer,
    tmp_path: Path,
    backend: str,
    name: str,
) -> None:
    """Each time from the same start."""
    lived = live_in(make_context(backend, country="AL", package_at=""))
    lived.context.database.dispose()
    kills = 0
    for copy in killed_copies(killer, lived.context, tmp_path, name):
        kills += 1
        check_survivor(lived, copy, name)
    assert kills >= LEAST_MOMENTS


def check_survivor(lived: Lived, copy: Copy, name: str) -> None:
    """Everything is readable in what a killed rotation left, and when the next one went on."""
    before = lived.context.keyring.id_of(name)
    context = open_own_context(copy.settings)
    after = replace(lived, house=House(context))
    after.check_all()
    rotate_key(context, name, grace=WEEK, pace=Pace(settle=0))
    after.check_all()
    assert after.head().intact
    with context.database.reading() as session:
        rotations = session.scalars(select(KeyRotation)).all()
    # One that was killed after its end is followed by another one.
    assert rotations[0].old_key == before
    assert all(rotation.finished_at for rotation in rotations)
    assert rotations[-1].new_key == context.keyring.id_of(name)
    older = [old.key_id for old in list_older_keys(context, name, NOW)]
    assert older == [rotation.old_key for rotation in reversed(rotations)]
    context.close()


@pytest.mark.parametrize("name", ["api-keys", "webhooks"])
@pytest.mark.parametrize("backend", BACKENDS)
def test_a_sender_loses_no_secret_where_its_replacement_is_killed(
    make_context: Callable[..., Context],
    killer: Killer,
    tmp_path: Path,
    backend: str,
    name: str,
) -> None:
    """What the sender has works on, also when the command is given again."""
    context = make_context(backend, country="AL", package_at="")
    require_own_database(context)
    with context.database.writing() as session:
        act = Act(session, context, "test", utc_now())
        key = keys.create_key(act, "App", scopes=["reports"], daily_quota=9)
        secret = webhooks.subscribe_sender(act, "App", "https://app.example/")
    has = key if name == "api-keys" else secret
    context.database.dispose()
    kills = 0
    for copy in killed_copies(killer, context, tmp_path, name):
        kills += 1
        first = shown_in(copy)
        kept = working(copy, name, has, first)
        assert kept[0] == has
        # Once the new one counts, it was shown, and no other pushes the first one out.
        code = copy.rotate(name, 0)
        assert code == (1 if first in kept else 0), copy.said.read_text()
        new = first if first in kept else shown_in(copy)
        assert working(copy, name, has, new) == [has, new]
    assert kills >= 2


def shown_in(copy: Copy) -> str:
    """The secret that the command wrote to the terminal, with or without an end."""
    _, _, rest = copy.said.read_text().partition("shown only now: ")
    return rest.split()[0] if rest else ""


def working(copy: Copy, name: str, *secrets: str) -> list[str]:
    """Those of a sender's keys that are taken, or of its secrets that are signed with."""
    context = open_own_context(copy.settings)
    try:
        if name == "webhooks":
            with context.database.reading() as session:
                row = session.scalars(select(ApiKey)).one()
                receiver = webhooks.receiver_of(
                    session, context, row.id, utc_now()
                )
            assert receiver is not None
            return [each for each in secrets if each in receiver.secrets]
        return [each for each in secrets if _is_taken(context, each)]
    finally:
        context.close()


def _is_taken(context: Context, key: str) -> bool:
    try:
        keys.authenticate_sender(context, f"Bearer {key}", "reports")
    except keys.Unauthorised:
        return False
    return True
