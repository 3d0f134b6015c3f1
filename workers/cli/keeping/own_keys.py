"""``hotline db renew-key``: begin to use another key on purpose."""

from __future__ import annotations

import typer

from hotline.core.context import build_context, utc_now
from hotline.core.errors import InvalidInput
from hotline.core.settings import load_settings
from workers.cli.opening import operator_name
from workers.cli.output import stdout

CONSEQUENCES = {
    "receipts": "Every receipt code that was given out is unknown from now on.",
    "links": "All links of hosts and police and all API keys end.",
    "sessions": "Half-filled forms end; nothing else is lost.",
    "audit": "The heads of the audit log that were written so far cannot be checked any more.",
    "identifiers": "An account or number that was noted before is not found again.",
}
"""What a new key costs. There is none for ``master``: nothing that was sealed would open."""


def renew_key(
    name: str = typer.Argument(
        ..., help=f"One of: {', '.join(CONSEQUENCES)}."
    ),
    yes: bool = typer.Option(False, "--yes", help="Do not ask."),
) -> None:
    """Replace one key, lost or known to others. What it was for ends; the old file is kept."""
    from hotline.core.storage import audit
    from hotline.core.storage.keys import own_keys
    from hotline.core.storage.keys.key_files import path_of_key, paths_of_old
    from workers.house import require_database
    from workers.migrations.run import require_current

    if name not in CONSEQUENCES:
        raise InvalidInput(
            f"Only these keys can be renewed: {', '.join(CONSEQUENCES)}."
        )
    settings, now = load_settings(), utc_now()
    require_database(settings)
    stdout.print(CONSEQUENCES[name], soft_wrap=True)
    if not yes:
        typer.confirm("Renew the key?", abort=True)
    assert settings.secrets_dir is not None
    if settings.key_command:
        raise InvalidInput(
            "The keys come from key_command: put another one into the store."
        )
    path = path_of_key(settings.secrets_dir, name)
    was_there = path.exists()
    context = build_context(settings, renewed_keys=[name])
    # Before any file is renamed: a schema that does not fit would leave the
    # machine without its key.
    require_current(context.database)
    if was_there:
        context.close()
        for old in (path, *paths_of_old(settings.secrets_dir, name)):
            old.rename(old.with_name(f"{old.name}.until-{now:%Y%m%dT%H%M%S}"))
        context = build_context(settings, renewed_keys=[name])
    with context.database.writing() as session:
        own_keys.replace_fingerprint(session, context.keyring, name, now)
        audit.record_entry(
            session,
            actor=operator_name(),
            action="key.renewed",
            entity="key",
            entity_id=name,
            now=now,
        )
    context.close()
    stdout.print("Renewed. Start the service again; keep a copy of the keys.")
