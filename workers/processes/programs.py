"""The service's programs: web, worker and scheduler, run by a command or as a fork of a tree.

Each imports what it needs when it begins. ``import_all`` does so before, for a parent whose forks
are to share it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import structlog

from hotline.core.logs import origin_of, words_of
from hotline.core.settings import Settings
from workers.queues.pools import Pool

log = structlog.get_logger(__name__)


def import_all(settings: Settings) -> None:
    """Everything that any of them imports, and the tables that all of them read."""
    import workers.processes.schedule
    import workers.processes.web_server
    import workers.queues.worker  # noqa: F401
    from triage.jurisdiction import load_rules
    from triage.locations.catalogue import load_platforms
    from workers.processes.web_server import import_pages
    from workers.queues.jobs import jobs_of

    import_pages(settings)
    jobs_of(Pool)
    load_platforms(settings.data_dir)
    load_rules(settings.data_dir)


def serve_web(settings: Settings) -> None:
    from workers.processes.web_server import serve

    serve(settings)


def serve_queues(
    settings: Settings, pools: Sequence[Pool], *, burst: bool = False
) -> None:
    from workers.house import open_own_context
    from workers.queues.worker import work

    # Before anything large is made: a wrong database or key is said at once,
    # and in one line.
    open_own_context(settings).close()
    work(settings, pools=pools, burst=burst)


def serve_clock(settings: Settings) -> None:
    from workers.house import open_own_context
    from workers.processes.schedule import run_forever
    from workers.queues.transport import Transport

    transport = Transport(settings)
    context = open_own_context(settings, after_commit=transport.after_commit)
    run_forever(context, transport)


def serve_figures(settings: Settings) -> None:
    from workers.metrics.exporter import serve

    serve(settings)


def run_web(settings: Settings) -> int:
    return _run(lambda: serve_web(settings))


def run_worker(settings: Settings, pool: Pool) -> int:
    return _run(lambda: serve_queues(settings, (pool,)))


def run_scheduler(settings: Settings) -> int:
    return _run(lambda: serve_clock(settings))


def run_metrics(settings: Settings) -> int:
    return _run(lambda: serve_figures(settings))


def _run(serve: Callable[[], None]) -> int:
    """Its exit code; what went wrong is a line of the log, as for a program of its own."""
    try:
        serve()
    # A fork has no interpreter's end of its own that would turn this into an
    # exit code.
    except SystemExit as leave:
        return leave.code if isinstance(leave.code, int) else 0
    except KeyboardInterrupt:
        return 0
    except Exception as error:
        log.critical(
            "stopped", reason=words_of(error), where=origin_of(error), code=1
        )
        return 1
    return 0
