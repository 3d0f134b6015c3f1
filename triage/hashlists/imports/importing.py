"""A file of any size into a list: staged chunk by chunk, then made the next version at once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import BinaryIO, Unpack

from sqlalchemy import select

from hotline.core.errors import HotlineError
from hotline.core.storage.database import Database
from triage.hashlists import formats, service, versions
from triage.hashlists.imports import staging
from triage.hashlists.models import HashList


def import_file(
    database: Database,
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
        database,
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
    database: Database,
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
    _refuse_known_file(database, name, digest)
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
            now = clock()
            target = service.create_list(
                session, name, actor=actor, now=now, **properties
            )
            also(target)
            done = versions.take_over(
                session,
                target,
                staged,
                digest=digest,
                whole=whole,
                actor=actor,
                now=now,
            )
            staging.settle_import(session, staged)
    except HotlineError:
        staging.drop_import(database, staged.id)
        raise
    staging.drop_import(database, staged.id)
    return done


def _refuse_known_file(database: Database, name: str, digest: str) -> None:
    """Before hours of staging: the newest version may have been made of this very file."""
    with database.reading() as session:
        hash_list = session.scalar(
            select(HashList).where(HashList.name == name)
        )
        if hash_list is not None:
            newest = versions.newest_digest(session, hash_list)
            versions.refuse_version(hash_list, newest, digest)
