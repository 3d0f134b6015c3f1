"""Serves the figures: on a port of their own, to whoever has the token where one is set."""

from __future__ import annotations

import hmac
import signal
import threading
import time
from collections.abc import Iterable
from http import HTTPStatus
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import structlog
from prometheus_client import CollectorRegistry, make_wsgi_app
from prometheus_client.multiprocess import MultiProcessCollector

from hotline.core.errors import Conflict, Misconfigured
from hotline.core.language.counting import counts_folder, drop_old_counts
from hotline.core.settings import Settings
from workers.metrics.gauges import HouseGauges
from workers.processes.stopping import StopRequest

PATH = "/metrics"
CLIENT_SECONDS = 10
"""For a client to ask; who is slower is left."""
log = structlog.get_logger(__name__)


def build_registry(settings: Settings) -> CollectorRegistry:
    """What the processes counted, and what the database says now."""
    registry = CollectorRegistry()
    folder = counts_folder(settings)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    # Files of processes that ended long ago would be read at each look.
    drop_old_counts(folder, time.time())
    MultiProcessCollector(registry, path=str(folder))  # type: ignore[no-untyped-call]
    registry.register(HouseGauges(settings))
    return registry


def build_application(settings: Settings) -> WSGIApplication:
    """One page, and nothing else; a missing or wrong token is told from no page by nobody."""
    figures = make_wsgi_app(build_registry(settings))
    token = settings.metrics_token.get_secret_value()

    def answer(
        environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        if environ.get("PATH_INFO") != PATH:
            return _refuse(start_response, HTTPStatus.NOT_FOUND)
        if not _is_let_in(environ.get("HTTP_AUTHORIZATION", ""), token):
            return _refuse(start_response, HTTPStatus.UNAUTHORIZED)
        answered: Iterable[bytes] = figures(environ, start_response)
        return answered

    return answer


def serve(settings: Settings) -> None:
    """Until SIGTERM or SIGINT."""
    if settings.metrics_port is None:
        raise Misconfigured(
            "No metrics_port is set, so there is nothing to serve.",
            hint="Set HOTLINE_METRICS_PORT, for the other programs as well: they count for it.",
        )
    stop = StopRequest()
    stop.on_signals(signal.SIGTERM, signal.SIGINT)
    with _open_server(settings) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        while not stop.wait(60):
            pass
        server.shutdown()


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Handler(WSGIRequestHandler):
    timeout = CLIENT_SECONDS

    def log_message(self, *_: object) -> None:
        """Nobody's address is logged."""


def _open_server(settings: Settings) -> _Server:
    assert settings.metrics_port is not None
    address = (settings.metrics_host, settings.metrics_port)
    try:
        server = _Server(address, _Handler)
    except OSError as error:
        raise Conflict(
            f"The figures cannot be served on {address[0]}:{address[1]}: {error.strerror}.",
            hint="Stop what uses it, or set HOTLINE_METRICS_PORT to another one.",
        ) from error
    server.set_app(build_application(settings))
    return server


def _is_let_in(given: str, token: str) -> bool:
    if not token:
        return True
    # In the same time for every wrong token, so that none can be guessed
    # letter by letter.
    return hmac.compare_digest(given.encode(), f"Bearer {token}".encode())


def _refuse(
    start_response: StartResponse, status: HTTPStatus
) -> Iterable[bytes]:
    headers = [("Content-Type", "text/plain; charset=utf-8")]
    if status is HTTPStatus.UNAUTHORIZED:
        headers.append(("WWW-Authenticate", "Bearer"))
    start_response(f"{status.value} {status.phrase}", headers)
    return [f"{status.phrase}\n".encode()]
