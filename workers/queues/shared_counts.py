"""What the web processes of all machines tell each other of floods: counts, by Redis.

Twice a second each adds what came to it, and learns what came elsewhere of the same. A name there
is an HMAC under a key that Redis has not, with a salt that dies with the window, and so do all
counts. Where Redis is away, or was emptied, each process goes on with what it knows.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Mapping

import redis
import structlog

from hotline.core.settings import Settings
from hotline.intake.flood.guard import Guard
from hotline.intake.flood.limits import Share
from workers.queues.redis_connection import connect

EVERY_SECONDS = 0.5
SALT_KEY = "hotline:flood:salt"
log = structlog.get_logger(__name__)


def counts_key(salt: bytes) -> str:
    return f"hotline:flood:counts:{salt.hex()}"


class SharedCounts:
    """Exchanges the counts of one web process with those of all others, in a thread of its own."""

    def __init__(self, settings: Settings, guard: Guard) -> None:
        self._connection = connect(settings)
        self._counters = guard.counters
        self._is_away = False

    def start(self) -> None:
        """From now on; to be called after the server's fork."""
        threading.Thread(target=self._exchange_forever, daemon=True).start()

    def _exchange_forever(self) -> None:
        while True:
            # Processes that were started at once need not ask at once for ever.
            time.sleep(EVERY_SECONDS * (0.5 + secrets.randbelow(1000) / 1000))
            self.exchange(time.monotonic())

    def exchange(self, now: float) -> None:
        """Once; never raises where Redis is away."""
        try:
            self._exchange(now)
        except redis.RedisError as error:
            if not self._is_away:
                log.warning("flood_counted_alone", error=type(error).__name__)
            self._is_away = True
        else:
            self._is_away = False

    def _exchange(self, now: float) -> None:
        share = self._counters.share(now)
        left = max(1, int(share.seconds_left * 1000))
        with self._connection.pipeline() as pipeline:
            # Whoever comes first gives the window its salt; it is gone when the window is.
            pipeline.set(SALT_KEY, share.salt, nx=True, px=left)
            pipeline.get(SALT_KEY)
            pipeline.pttl(SALT_KEY)
            _, salt, common_left = pipeline.execute()
        # Names under two salts are two names: nothing can be added up before
        # all have the same.
        if salt != share.salt:
            if salt and common_left > 0:
                self._counters.take_over(salt, common_left / 1000, now)
            return
        if share.untold:
            self._counters.learn(share, self._add(share, left))

    def _add(self, share: Share, left: int) -> Mapping[bytes, int]:
        key = counts_key(share.salt)
        with self._connection.pipeline() as pipeline:
            for name, count in share.untold.items():
                pipeline.hincrby(key, name.hex(), count)
            pipeline.pexpire(key, left)
            *totals, _ = pipeline.execute()
        return dict(zip(share.untold, totals, strict=True))
