"""Whether this container does its work: ``healthcheck.py web|worker|scheduler``; exit code 0 or 1.

A worker is known to Redis by this container's host name; a scheduler that lives seals the audit log
within seconds, so old rows without a seal mean that none does.
"""

from __future__ import annotations

import socket
import sys
import urllib.error
import urllib.request

from hotline.core.settings import Settings, load_settings


def web(settings: Settings) -> str:
    address = f"http://{settings.reached_at}/readyz"
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(address, timeout=8):
            return ""
    except (OSError, urllib.error.URLError) as error:
        return f"/readyz: {error}"


def worker(settings: Settings) -> str:
    from workers.queues.transport import alive_key, connect

    here = socket.gethostname()
    mine = connect(settings).scan_iter(match=alive_key(here, "*"))
    return "" if any(mine) else f"no worker of {here} is known to Redis"


def scheduler(settings: Settings) -> str:
    from hotline.core.context import utc_now
    from hotline.core.storage import audit
    from hotline.core.storage.database import Database

    database = Database(settings.database_url.get_secret_value())
    try:
        with database.reading() as session:
            return (
                "the audit log is not being sealed"
                if audit.is_sealing_late(session, utc_now())
                else ""
            )
    finally:
        database.dispose()


CHECKS = {"web": web, "worker": worker, "scheduler": scheduler}


def main(arguments: list[str]) -> str | int:
    """What is wrong, for ``sys.exit`` to print; 0 if nothing is."""
    if len(arguments) != 1 or arguments[0] not in CHECKS:
        return f"usage: healthcheck.py {'|'.join(CHECKS)}"
    try:
        return CHECKS[arguments[0]](load_settings()) or 0
    except Exception as error:
        # Not to be able to ask is unhealthy too. Only the kind is said: no address, no value.
        return type(error).__name__


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
