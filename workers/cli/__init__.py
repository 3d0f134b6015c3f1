"""The command line. Exit codes: 0 done, 1 failed, 2 bad usage or input; errors are one line."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import typer
from typer._click.exceptions import UsageError

from hotline.core.errors import HotlineError, InvalidInput
from workers.cli.commands import build_commands

# Before anything loads NumPy: on a busy machine BLAS threads that wait for one another cost more
# than they bring, and every process of the service has work of its own.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

PROGRAMS = ("web", "worker", "scheduler", "metrics")
"""Run by a supervisor, which keeps what they say in a log."""
BAD_USAGE = 2
INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> None:
    """Entry point of the ``hotline`` script."""
    sys.exit(run(arguments))


def run(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; never shows a traceback for a known error."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    fail = (
        _fail_in_log if given[:1] and given[0] in PROGRAMS else _print_failure
    )
    command = build_commands()
    try:
        outcome = command.main(
            args=arguments, prog_name="hotline", standalone_mode=False
        )
        # Here and not at the exit, where nobody would catch that the reader
        # has gone.
        sys.stdout.flush()
    # A command that ends early by its own word, such as --help: that is no
    # failure.
    except typer.Exit as leave:
        return leave.exit_code
    except UsageError as error:
        words = error.format_message()
        # A group alone has shown what could follow, and has no words of its own.
        return fail(words, BAD_USAGE) if words else BAD_USAGE
    except typer.Abort:
        return fail("Interrupted.", INTERRUPTED)
    except InvalidInput as error:
        return fail(str(error), BAD_USAGE)
    except HotlineError as error:
        return fail(str(error), 1)
    except BrokenPipeError:
        # The reader of a pipe went away (`hotline url - | head`): that is no failure of ours.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return fail("Interrupted.", INTERRUPTED)
    except Exception as error:
        return fail(_describe_fault(error), 1)
    return outcome if isinstance(outcome, int) else 0


def _describe_fault(error: Exception) -> str:
    """Never a traceback: its lines may quote what somebody reported. The place is enough to look.

    The imports are here since a command that goes well needs neither of them.
    """
    from sqlalchemy.exc import SQLAlchemyError

    from hotline.core.logs import origin_of
    from hotline.core.storage.database import is_damaged

    name = type(error).__name__
    if isinstance(error, SQLAlchemyError) and is_damaged(error):
        return (
            "The file of the database is damaged. Stop the service, keep the file as it is, and "
            "put the newest backup back (docs/operations.md, Backup and restore); "
            "`sqlite3 FILE .recover` may save what came in since."
        )
    if isinstance(error, SQLAlchemyError):
        hint = "Does it run, and is HOTLINE_DATABASE_URL right?"
        return f"The database failed ({name}). {hint}"
    return f"{name} at {origin_of(error)}. This is a fault of ours."


def _print_failure(message: str, code: int) -> int:
    print("hotline: " + " ".join(message.split()), file=sys.stderr)
    return code


def _fail_in_log(message: str, code: int) -> int:
    """A person at a terminal reads a sentence; a journal gets an object like all the others."""
    if sys.stderr.isatty():
        return _print_failure(message, code)
    import structlog

    structlog.get_logger().critical(
        "stopped", reason=" ".join(message.split()), code=code
    )
    return code
