"""Logs: one JSON object a line on stderr. Where, when and which id; never content, never a person.

A message of an exception may quote what somebody reported, and so may a library's own line. So of
an error its class and the lines of code it passed are said, and of a library's line the words that
stand in the library's source: what was filled into them is left out. All that speaks in a process
comes through here: our loggers, the libraries' ones, warnings, and what nobody caught.
"""

from __future__ import annotations

import atexit
import logging
import sys
import threading
import traceback
import warnings
from collections.abc import Iterator, MutableMapping
from pathlib import Path
from types import CodeType, FrameType, TracebackType
from typing import Any, TextIO

import structlog

from hotline.core.errors import HotlineError
from hotline.core.language import counting
from hotline.core.repeats import Repeats

MOST_FRAMES = 12
OWN_PACKAGES = ("hotline.", "triage.", "partners.", "workers.")

_repeats = Repeats()
_print_exception = traceback.print_exception


def configure_logging(level: str) -> None:
    """For every process of the service; libraries only speak from warnings upwards."""
    _repeats.forget()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            # Before repeats are held back: the figure is of all that happened.
            _count_line,
            # Before repeats are counted: class and place tell one fault from
            # another.
            _tell_error,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _count_repeats,
            structlog.processors.JSONRenderer(default=_class_name),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.getLevelNamesMapping()[level.upper()]
        ),
        logger_factory=lambda *_: _Lines(),
        cache_logger_on_first_use=False,
    )
    _take_over_libraries()
    _take_over_hooks()


def origin_of(error: BaseException) -> str:
    """``module:line`` of our own line that it came from, else of the raise; without any value."""
    passed = frames_of(error)
    own = [line for line in passed if line.startswith(OWN_PACKAGES)]
    return (own or passed or [""])[-1]


def frames_of(error: BaseException) -> list[str]:
    """``module:line`` of what the error passed on its way, the raise last; the nearest only."""
    passed = [
        f"{trace.tb_frame.f_globals.get('__name__', '?')}:{trace.tb_lineno}"
        for trace in _walk_traceback(error.__traceback__)
    ]
    return passed[-MOST_FRAMES:]


def words_of(error: BaseException) -> str:
    """What may be said of an error: our own sentence, or the class of a library's one."""
    return (
        str(error) if isinstance(error, HotlineError) else type(error).__name__
    )


def _walk_traceback(trace: TracebackType | None) -> Iterator[TracebackType]:
    while trace is not None:
        yield trace
        trace = trace.tb_next


class _Lines:
    """Writes one line; a log that cannot be written must not stop the work it tells of."""

    is_torn = False
    """The last line broke off in the middle; the next one begins anew."""

    def msg(self, line: str) -> None:
        # Looked up each time: whoever replaced it since must get what is said.
        stream: TextIO | None = sys.stderr
        if stream is None:
            return
        try:
            stream.write("\n" * _Lines.is_torn + line + "\n")
            stream.flush()
            _Lines.is_torn = False
        except (
            OSError,
            ValueError,
        ):  # a full disk, a reader that left, a closed stream
            _Lines.is_torn = True

    debug = info = warning = error = critical = fatal = exception = msg


def _class_name(value: object) -> str:
    """A value that JSON does not know is told by its class: its ``repr`` could quote anything."""
    return type(value).__name__


def _count_line(
    _logger: object, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Of a line its level, and its name where it is one of ours."""
    counting.count_line(
        str(event.get("level", "")), str(event.get("event", ""))
    )
    return event


def _tell_error(
    _logger: object, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """``exc_info`` of any form becomes class and lines of code."""
    given = event.pop("exc_info", None)
    event.pop("stack_info", None)
    if given is True:
        given = sys.exc_info()
    error = given[1] if isinstance(given, tuple) else given
    if isinstance(error, BaseException):
        event.setdefault("error", words_of(error))
        event.setdefault("where", origin_of(error))
        event.setdefault("passed", frames_of(error))
    return event


def _count_repeats(
    _logger: object, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    allowed = _repeats.pass_on(event)
    for left_over in _repeats.take_counts():
        _write_directly(left_over.to_event())
    if not allowed:
        raise structlog.DropEvent
    return event


def _write_directly(event: MutableMapping[str, Any]) -> None:
    stamped = structlog.processors.TimeStamper(fmt="iso", utc=True)(
        None, "", event
    )
    _Lines().msg(
        str(
            structlog.processors.JSONRenderer(default=_class_name)(
                None, "", stamped
            )
        )
    )


@atexit.register
def _write_counts() -> None:
    """What was counted and not said yet, when the process ends."""
    for left_over in _repeats.take_counts(at_once=True):
        _write_directly(left_over.to_event())


class LibraryHandler(logging.Handler):
    """A library's line as an event of ours, without the values that it fills in."""

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        about: dict[str, str] = {
            "logger": record.name,
            "line": f"{Path(record.pathname).name}:{record.lineno}",
        }
        said = _words_in_source(record)
        if said is not None:
            about["said"] = said
        level = "error" if record.levelno >= logging.ERROR else "warning"
        getattr(structlog.get_logger(), level)(
            "library", exc_info=error, **about
        )

    def handleError(self, _record: logging.LogRecord) -> None:  # noqa: N802  (logging's name)
        """logging itself would print the line and its values."""
        _log_error("log_failed", sys.exc_info()[1])


def _words_in_source(record: logging.LogRecord) -> str | None:
    """The line's template, if it stands in the source of the function that speaks.

    A text that was put together at run time may hold anything, and is left out.
    """
    if not isinstance(record.msg, str):
        return None
    for frame in _walk_callers(sys._getframe()):
        code = frame.f_code
        if (
            code.co_filename == record.pathname
            and code.co_name == record.funcName
        ):
            return record.msg if _is_constant_of(code, record.msg) else None
    return None


def _walk_callers(frame: FrameType | None) -> Iterator[FrameType]:
    while frame is not None:
        yield frame
        frame = frame.f_back


def _is_constant_of(code: CodeType, text: str) -> bool:
    return any(
        constant == text
        for constant in code.co_consts
        if isinstance(constant, str)
    )


def _take_over_libraries() -> None:
    """One handler at the root, and none beside it."""
    # Else logging would print a line that it cannot format, with what was to be filled in.
    logging.raiseExceptions = False
    root = logging.getLogger()
    for logger in (root, *root.manager.loggerDict.values()):
        if isinstance(logger, logging.Logger):
            logger.handlers[:] = []
            logger.propagate = True
    root.addHandler(LibraryHandler())
    root.setLevel(logging.WARNING)


def _take_over_hooks() -> None:
    """What nobody caught, wherever it was raised, and warnings."""
    sys.excepthook = _log_uncaught
    threading.excepthook = _uncaught_in_thread
    sys.unraisablehook = _log_unraisable
    warnings.showwarning = _log_warning
    # gunicorn, multiprocessing and others print what failed by themselves, past all loggers.
    traceback.print_exception = _log_printed_traceback  # type: ignore[assignment]


def _log_error(
    event: str, error: BaseException | None, **about: object
) -> None:
    structlog.get_logger().error(event, exc_info=error, **about)


def _log_uncaught(
    _kind: type[BaseException],
    error: BaseException,
    _trace: TracebackType | None,
) -> None:
    # Whoever stopped it knows why it ended.
    if not isinstance(error, KeyboardInterrupt):
        _log_error("uncaught", error)


def _uncaught_in_thread(given: threading.ExceptHookArgs) -> None:
    if given.exc_type is not SystemExit:
        _log_error("uncaught_in_thread", given.exc_value)


def _log_unraisable(given: sys.UnraisableHookArgs) -> None:
    _log_error("unraisable", given.exc_value)


def _log_printed_traceback(
    error: Any,
    /,
    value: BaseException | None = None,
    tb: TracebackType | None = None,  # noqa: ARG001
    limit: int | None = None,
    file: TextIO | None = None,
    chain: bool = True,
) -> None:
    """``traceback.print_exception``: what goes to stderr is said our way."""
    failed = error if isinstance(error, BaseException) else value
    if file is None or file in (sys.stderr, sys.__stderr__):
        _log_error("printed", failed)
    elif failed is not None:
        # Whoever names another file wants the text itself, and keeps it there.
        _print_exception(failed, limit=limit, file=file, chain=chain)


def _log_warning(  # the signature is that of warnings.showwarning
    message: Warning | str,  # noqa: ARG001
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,  # noqa: ARG001
    line: str | None = None,  # noqa: ARG001
) -> None:
    """A warning's text may quote what it warns of: its class and place are said."""
    structlog.get_logger().warning(
        "warned",
        kind=category.__name__,
        line=f"{Path(filename).name}:{lineno}",
    )
