"""One job worker process: jobs run in it, the fetcher in a child of its own.

Webhooks have a worker of their own wherever the service is set up with more than one.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from redis import Redis
from rq import SimpleWorker
from rq.serializers import JSONSerializer

from hotline.core.settings import Settings
from triage import matching
from workers import execute  # noqa: F401  # RQ knows it by name; not to import it at the first job
from workers import tools as toolbox
from workers.transport import PIPELINE, QUEUES, WEBHOOKS, connect

ONLY: Mapping[str, Sequence[str]] = MappingProxyType(
    {"": QUEUES, "pipeline": PIPELINE, "webhooks": (WEBHOOKS,)}
)


class Worker(SimpleWorker):
    """RQ's in-process worker; it comes back quickly after Redis was away."""

    max_connection_wait_time = 3


def work(settings: Settings, *, only: str = "", burst: bool = False) -> None:
    """Take jobs until told to stop; with ``burst``, until the queues are empty.

    ``only``: a key of ``ONLY``, for a part of the queues.
    """
    tools = toolbox.build_tools(settings)
    toolbox.use(tools)
    matching.warm()  # machine code is made or loaded now, and not while the first report waits
    if set(ONLY[only]) & set(PIPELINE):
        tools.prepare()
    connection: Redis = connect(settings, blocking=True)
    worker = Worker(
        ONLY[only],
        name=f"worker-{os.getpid()}-{os.urandom(3).hex()}",
        connection=connection,
        serializer=JSONSerializer,
        log_job_description=False,
        default_result_ttl=0,
        maintenance_interval=60,
    )
    try:
        worker.work(burst=burst, logging_level="WARNING")
    finally:
        tools.close()
