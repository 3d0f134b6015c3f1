"""What runs beside a command: a demo lives in a folder of its own, and commands are to find it.

A running tree holds a lock in its data directory. The demo also leaves the settings that it runs
with in the directory that it was started from, where a command without settings of its own looks.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Mapping
from pathlib import Path

from hotline.core.settings import Settings

LOCK = "up.lock"
"""In ``run_dir``; held for as long as the tree runs."""
NAMED = "HOTLINE_DATA_DIR"
_NOTE = "demo.json"


def note_environment(data_dir: Path, environment: Mapping[str, str]) -> None:
    """Leave in ``data_dir`` what the demo that was started there runs with."""
    data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = data_dir / _NOTE
    path.touch(mode=0o600)
    path.write_text(json.dumps(dict(environment)), encoding="utf-8")


def adopt_demo(settings: Settings) -> bool:
    """Take over the settings of a demo that runs now; False where there is none, or another choice.

    Whoever named a data directory means that one, and a service that runs on the ordinary one is
    meant before its demo.
    """
    if NAMED in os.environ or is_running(settings.run_dir):
        return False
    try:
        text = (settings.data_dir / _NOTE).read_text(encoding="utf-8")
        given = {str(k): str(v) for k, v in json.loads(text).items()}
        run_dir = Path(given[NAMED]) / settings.run_dir.name
    # The note may be half written, or of an older version: then it is as if no
    # demo ran.
    except (OSError, ValueError, KeyError, AttributeError):
        return False
    if not is_running(run_dir):
        return False
    os.environ.update(given)
    return True


def is_running(run_dir: Path) -> bool:
    """Whether a tree holds the lock there."""
    try:
        with (run_dir / LOCK).open("r") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    # No lock file: nothing has ever run there.
    except OSError:
        return False
    return False
