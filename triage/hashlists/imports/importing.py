"""A file of any size into a list: staged chunk by chunk, then made the next version at once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import BinaryIO, Unpack

from sqlalchemy import select

from hotline.core.act import Act
from hotline.core.context import Context
from hotline.core.errors import HotlineError
from hotline.core.storage.database import Database
from triage.hashlists import formats, service, versions
from triage.hashlists.imports import staging
from triage.hashlists.models import HashList


def import_file(
    context: Context,
    name: str,
    stream: BinaryIO,
    *,
    form: str,
    whole: bool,
    actor: str,
    clock: Callable[[], datetime],
    tick: staging.Tick = lambda _: None,
    resumed: staging.Tick = lambda _: None,
    **properties: Unpack[service.ListProperties],
) -> versions.Import:
    """Import ``stream`` (seekable, at its beginning) in the format ``form`` into the list ``name``.

    ``tick`` hears how many bytes were read, ``resumed`` how many records an earlier run that broke
    off had already staged. ``properties`` are those of a list that is new. Raises what
    ``staging.stage_file`` and ``versions.take_over`` raise; then the list is as it was.
    """
    return import_entries(
        context,
        name,
        formats.parse_entries(form, stream),
        digest=versions.digest_of(stream),
        form=form,
        whole=whole,
        actor=actor,
        clock=clock,
        tick=lambda _: tick(stream.tell()),
        resumed=resumed,
        **properties,
    )


def import_entries(
    context: Context,
    name: str,
    entries: staging.Entries,
    *,
    digest: str,
    form: str,
    whole: bool,
    actor: str,
    clock: Callable[[], datetime],
    tick: staging.Tick = lambda _: None,
    resumed: staging.Tick = lambda _: None,
    also: Callable[[HashList], None] = lambda _: None,
    **properties: Unpack[service.ListProperties],
) -> versions.Import:
    """As ``import_file``; ``tick`` hears how many records were staged. ``also`` is done to the list
    in the transaction that makes the version, and may refuse it."""
    database = context.database
    refuse_known_file(database, name, digest)
    staged = staging.stage_file(
        database,
        name,
        entries,
        digest=digest,
        form=form,
        clock=clock,
        tick=tick,
        resumed=resumed,
    )
    try:
        with database.writing() as session:
            act = Act(session, context, actor, clock())
            target = service.create_list(act, name, **properties)
            also(target)
            done = versions.take_over(
                act, target, staged, digest=digest, whole=whole
            )
            staging.settle_import(session, staged)
    # What was refused is not resumed. After any other error the rows stay, and
    # the same command goes on.
    except HotlineError:
        staging.drop_import(database, staged.id)
        raise
    staging.drop_import(database, staged.id)
    return done


def refuse_known_file(database: Database, name: str, digest: str) -> None:
    """Before hours of staging: the newest version may have been made of this very file."""
    with database.reading() as session:
        hash_list = session.scalar(
            select(HashList).where(HashList.name == name)
        )
        if hash_list is not None:
            newest = versions.newest_digest(session, hash_list)
            versions.refuse_version(hash_list, newest, digest)
