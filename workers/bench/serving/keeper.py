"""Keeps a measured service: whatever ends the bench, its processes and its folder go with it.

Run as ``python -m workers.bench.serving.keeper FOLDER`` in a session of its own. A line on standard
input starts ``hotline up`` in the folder; the end of the input, which a killed bench gives as well,
stops the service and removes the folder.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

LOG = "service.log"
STOP_SECONDS = 40.0


def keep_service(folder: Path, orders: Iterable[str]) -> None:
    """Until ``orders`` end."""
    service = None
    try:
        for _ in orders:
            with (folder / LOG).open("ab") as log:
                service = subprocess.Popen(
                    [sys.executable, "-m", "workers", "up"],
                    cwd=folder,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                )
    finally:
        if service is not None:
            _stop_service(service)
        # After the service: it writes into the folder until it has ended.
        shutil.rmtree(folder, ignore_errors=True)


def _stop_service(service: subprocess.Popen[bytes]) -> None:
    """Its children die with it, however it ends."""
    service.terminate()
    try:
        service.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        service.kill()
        service.wait()


if __name__ == "__main__":
    keep_service(Path(sys.argv[1]), sys.stdin)
