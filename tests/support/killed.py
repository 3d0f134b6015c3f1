"""Rotations that are killed, each in a fork of this program, as importing it all takes seconds.

Each line of standard input is a ``Killing`` as JSON. Moments are counted: each change of a key
file, and the time right before and right after each commit. At the given one the fork kills
itself, as a power cut or the kernel would. The answer is its exit code: 0 where there was no such
moment any more.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from sqlalchemy.orm import Session

from hotline.core.settings import load_settings
from hotline.core.storage.database import Database
from hotline.core.storage.keys import rewrapping
from partners import link_rotation
from triage.cases.people.keeping import renewing
from workers import cli
from workers.house import open_own_context
from workers.keys.rotation import Pace, rotate_key

SENDER_SECRETS = ("api-keys", "webhooks")


class Moments:
    def __init__(self, last: int) -> None:
        self.left = last

    def pass_one(self) -> None:
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


def watch(moments: Moments) -> None:
    link, replace, unlink = os.link, Path.replace, Path.unlink
    writing = Database.writing

    def linking(*given: Any, **named: Any) -> None:
        link(*given, **named)
        moments.pass_one()

    def replacing(path: Path, target: Any) -> Path:
        done = replace(path, target)
        moments.pass_one()
        return done

    def unlinking(path: Path, **named: Any) -> None:
        unlink(path, **named)
        moments.pass_one()

    @contextmanager
    def committing(database: Database) -> Iterator[Session]:
        with writing(database) as session:
            yield session
            moments.pass_one()
        moments.pass_one()

    os.link = linking
    Path.replace = replacing  # type: ignore[method-assign,assignment]
    Path.unlink = unlinking  # type: ignore[method-assign,assignment]
    Database.writing = committing  # type: ignore[method-assign,assignment]


@dataclass(frozen=True)
class Killing:
    """``name`` is that of a key, or of ``SENDER_SECRETS``: those of the sender "App".

    ``said``: the file that gets what it writes to standard output and standard error.
    """

    data_dir: str
    database_url: str
    name: str
    moment: int
    said: str

    def to_json(self) -> str:
        return json.dumps(asdict(self))


def rotate(killing: Killing) -> int:
    os.environ["HOTLINE_DATA_DIR"] = killing.data_dir
    if killing.database_url:
        os.environ["HOTLINE_DATABASE_URL"] = killing.database_url
    moments = Moments(killing.moment)
    if killing.name in SENDER_SECRETS:
        watch(moments)
        return cli.run(["keys", "rotate", killing.name, "--sender", "App"])
    context = open_own_context(load_settings(country="AL"))
    watch(moments)
    rotate_key(
        context, killing.name, grace=timedelta(days=7), pace=Pace(settle=0)
    )
    return 0


def run_forked(killing: Killing) -> int:
    """The exit code, below zero where a signal ended it."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            said = os.open(killing.said, os.O_WRONLY | os.O_CREAT)
            os.dup2(said, 1)
            os.dup2(said, 2)
            code = rotate(killing)
        except BaseException:
            traceback.print_exc()
        sys.stdout.flush()
        os._exit(code)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


def main() -> None:
    for module in (rewrapping, link_rotation, renewing):
        module.BATCH = 2  # type: ignore[attr-defined]
    for line in sys.stdin:
        print(run_forked(Killing(**json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
