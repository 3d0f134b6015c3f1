"""What a command that needs the database opens first."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from hotline.core.context import Context, build_context
from hotline.core.logs import configure_logging
from hotline.core.settings import Settings, load_settings


def open_house(settings: Settings | None = None) -> Context:
    """The context on a database whose schema is ours; ``Misconfigured`` with what to do if not."""
    from workers.migrations.run import require_current

    settings = settings or load_settings()
    configure_logging(settings.log_level)
    context = build_context(settings)
    require_current(context.database)
    return context


@contextmanager
def opened_house() -> Iterator[Context]:
    """``open_house``, closed at the end."""
    context = open_house()
    try:
        yield context
    finally:
        context.close()
