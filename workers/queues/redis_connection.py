"""A client of Redis as the settings describe it: a socket, TCP with or without TLS, or Sentinel.

Behind Sentinel the address of the server is asked for at each new connection. A server that has
become another's copy refuses what is written to it, and the client then asks again.
"""

from __future__ import annotations

from typing import Any

import redis
from redis.connection import parse_url
from redis.sentinel import Sentinel

from hotline.core.network.host_port import split_host_and_port
from hotline.core.settings import Settings

CONNECT_SECONDS = 0.5
READ_SECONDS = 2.0
SENTINEL_PORT = 26379
Options = dict[str, Any]
"""Keyword arguments of a client of Redis."""
_TIMES = {
    "socket_connect_timeout": CONNECT_SECONDS,
    "socket_timeout": READ_SECONDS,
}


def connect(settings: Settings) -> redis.Redis:
    """A client whose every exchange ends soon, with an answer or an error."""
    secured = _secure(settings)
    if settings.redis_sentinels:
        return _connect_by_sentinels(settings, secured)
    return redis.Redis.from_url(settings.redis, **_TIMES, **secured)


def _secure(settings: Settings) -> Options:
    """Whose certificates are believed; the machine's own authorities where nothing is said."""
    if not settings.redis.startswith("rediss://"):
        return {}
    secured: Options = {
        "ssl_cert_reqs": "required",
        "ssl_check_hostname": True,
    }
    if settings.redis_ca_file is not None:
        secured["ssl_ca_certs"] = str(settings.redis_ca_file)
    return secured


def _connect_by_sentinels(settings: Settings, secured: Options) -> redis.Redis:
    given: Options = parse_url(settings.redis)  # type: ignore[no-untyped-call]
    # The sentinels say where the server is; of the URL the credentials and the database count.
    for name in ("host", "port", "connection_class"):
        given.pop(name, None)
    if secured:
        secured = {"ssl": True, **secured}
    sentinel = Sentinel(  # type: ignore[no-untyped-call]
        [
            split_host_and_port(address, SENTINEL_PORT)
            for address in settings.redis_sentinels
        ],
        sentinel_kwargs={
            "password": settings.redis_sentinel_password.get_secret_value(),
            **_TIMES,
            **secured,
        },
        **{**given, **_TIMES, **secured},
    )
    client: redis.Redis = sentinel.master_for(  # type: ignore[no-untyped-call]
        settings.redis_sentinel_name
    )
    return client
