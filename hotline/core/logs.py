"""Logs: one JSON object a line on stderr. Where, when and which id; never content, never a person.

A traceback's values may be what somebody reported, so an unexpected error is logged as its class
and the line that raised it.
"""

from __future__ import annotations

import logging
import sys

import structlog


def configure(level: str) -> None:
    """For every process of the service; third-party loggers only speak from warnings upwards."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.getLevelNamesMapping()[level.upper()]
        ),
        # Asked anew each time: whoever replaced sys.stderr since must get what is said.
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(level=logging.WARNING, format="%(name)s: %(message)s", stream=sys.stderr)


def origin(error: BaseException) -> str:
    """``module:line`` of the raise, without any value."""
    trace = error.__traceback__
    if trace is None:
        return ""
    while trace.tb_next is not None:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_globals.get('__name__', '?')}:{trace.tb_lineno}"
