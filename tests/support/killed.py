"""A rotation that is killed: ``python killed.py DATA_DIR NAME MOMENT``.

Moments are counted: each change of a key file, and the time right before and right after each
commit. At the given one the process kills itself, as a power cut or the kernel would. It ends with
0 where there was no such moment any more.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
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
from workers.house import open_own_context
from workers.keys.rotation import Pace, rotate_key


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


def main(data_dir: str, name: str, moment: str) -> None:
    for module in (rewrapping, link_rotation, renewing):
        module.BATCH = 2  # type: ignore[attr-defined]
    settings = load_settings(data_dir=data_dir, country="AL")
    context = open_own_context(settings)
    watch(Moments(int(moment)))
    rotate_key(context, name, grace=timedelta(days=7), pace=Pace(settle=0))


if __name__ == "__main__":
    main(*sys.argv[1:])
