"""What a command that needs the database opens first."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from hotline.core.context import Context
from hotline.core.logs import configure_logging
from hotline.core.settings import Settings, load_settings


def open_house(settings: Settings | None = None) -> Context:
    """The context on a database that is ours; ``Misconfigured`` with what to do if it is not."""
    from workers.house import open_own_context

    settings = settings or load_running_settings()
    configure_logging(settings.log_level)
    return open_own_context(settings)


def load_running_settings() -> Settings:
    """The settings; those of a demo that runs beside it, unless a data directory is named."""
    from workers.cli.output import stderr
    from workers.processes import running

    settings = load_settings()
    if running.adopt_demo(settings):
        settings = load_settings()
        stderr.print(
            f"Looking at the running demo, {settings.data_dir}. "
            "HOTLINE_DATA_DIR names another directory.",
            soft_wrap=True,
            markup=False,
        )
    return settings


@contextmanager
def opened_house(settings: Settings | None = None) -> Iterator[Context]:
    """``open_house``, closed at the end."""
    context = open_house(settings)
    try:
        yield context
    finally:
        context.close()
