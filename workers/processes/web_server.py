"""The web server: gunicorn with threads, no access log, and nothing about clients in any log."""

from __future__ import annotations

from typing import Any

import flask
import structlog
from gunicorn.app.base import BaseApplication
from gunicorn.glogging import Logger

from hotline.core.context import build_context
from hotline.core.logs import origin_of, words_of
from hotline.core.settings import Settings
from hotline.core.storage.servers.presence import Presence
from hotline.core.web.pulse import Pulse
from hotline.intake.flood.guard import install_guard
from workers.app import BLUEPRINTS, create_app
from workers.house import open_own_context
from workers.processes.timed_worker import TimedWorker
from workers.queues.shared_counts import SharedCounts
from workers.queues.transport import Courier, Transport

log = structlog.get_logger(__name__)


class QuietLogger(Logger):  # type: ignore[misc]
    """gunicorn's own lines go where those of all libraries go, and lose what they quote there: a
    client's address and request."""

    def access(self, *_: Any, **__: Any) -> None:
        """No request is ever logged."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        for logger in (self.error_log, self.access_log):
            logger.handlers[:] = []
        self.error_log.propagate = True

    # As gunicorn's own, but naming the line that speaks: it stands two calls further out.
    def critical(self, msg: str, *args: Any, **options: Any) -> None:
        self.error_log.critical(msg, *args, stacklevel=2, **options)

    def error(self, msg: str, *args: Any, **options: Any) -> None:
        self.error_log.error(msg, *args, stacklevel=2, **options)

    def warning(self, msg: str, *args: Any, **options: Any) -> None:
        self.error_log.warning(msg, *args, stacklevel=2, **options)

    def exception(self, msg: str, *args: Any, **options: Any) -> None:
        self.error_log.exception(msg, *args, stacklevel=2, **options)


class Server(BaseApplication):  # type: ignore[misc]
    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        super().__init__()

    def load_config(self) -> None:
        options = {
            "bind": self.settings.bound_to,
            "workers": self.settings.web_workers,
            "threads": self.settings.web_threads,
            "worker_class": TimedWorker,
            "logger_class": QuietLogger,
            "loglevel": "warning",
            "timeout": 60,
            # Below the supervisor's own, which kills whoever is still there.
            "graceful_timeout": 3,
            "keepalive": 5,
            "limit_request_line": 4094,
            "limit_request_fields": 60,
            "proc_name": "hotline-web",
            "control_socket_disable": True,
        }
        for name, value in options.items():
            # An older gunicorn does not know all of them, and refuses to start
            # by a name that it does not know.
            if name in self.cfg.settings:
                self.cfg.set(name, value)

    def load(self) -> flask.Flask:
        """Called in each worker after the fork, so that no connection is shared between them."""
        try:
            courier = Courier(Transport(self.settings))
            context = build_context(
                self.settings, after_commit=courier.after_commit
            )
            pulse = Pulse(context.database)
            pulse.start()
            Presence(context).start()
            app = create_app(context, pulse)
            SharedCounts(context.settings, install_guard(app, context)).start()
            return app
        except Exception as error:
            # gunicorn's own account is a traceback, which our logger does not let through.
            log.error(
                "web_cannot_start",
                error=words_of(error),
                where=origin_of(error),
            )
            raise


def serve(settings: Settings) -> None:
    """Serve until told to stop. What a command can say in one line is found out before the fork."""
    open_own_context(settings).close()
    import_pages(settings)
    Server(settings).run()


def import_pages(settings: Settings) -> None:
    """The modules of the pages are imported once, before a fork, and not in every worker."""
    for audience in settings.audiences:
        BLUEPRINTS[audience]()
