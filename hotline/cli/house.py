"""What a command that needs the database opens first."""

from __future__ import annotations

from hotline.core.context import Context, build_context
from hotline.core.logs import configure
from hotline.core.settings import Settings, load_settings


def open_house(settings: Settings | None = None) -> Context:
    """The context on a database whose schema is ours; ``Misconfigured`` with what to do if not."""
    from hotline.migrations.run import require_current

    settings = settings or load_settings()
    configure(settings.log_level)
    context = build_context(settings)
    require_current(context.database)
    return context
