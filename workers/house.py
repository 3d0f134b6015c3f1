"""What whoever begins to work asks of the database first: is it ours, in schema and in keys?"""

from __future__ import annotations

from collections.abc import Callable

from hotline.core.context import Context, build_context, utc_now
from hotline.core.settings import Settings
from hotline.core.storage.own_keys import require_own_keys
from workers.migrations.run import require_current


def open_own_context(
    settings: Settings,
    *,
    after_commit: Callable[[list[str]], None] | None = None,
) -> Context:
    """The context on a database that is ours; ``Misconfigured`` with what to do if it is not."""
    context = build_context(settings, after_commit=after_commit)
    try:
        require_own_database(context)
    except BaseException:
        context.close()
        raise
    return context


def require_own_database(context: Context) -> None:
    """``Misconfigured`` where the schema or a key belongs to something else."""
    require_current(context.database)
    require_own_keys(context.database, context.keyring, now=utc_now())
