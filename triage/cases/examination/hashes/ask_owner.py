"""The job that asks a list's owner about one file. It never holds up the examination of an item:
whatever fails stays in the outbox as "not asked", with its reason, and is tried again later."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.core.act import Act
from hotline.core.context import Context
from hotline.core.errors import Conflict, Misconfigured, phrase
from hotline.core.jobs.circuit import Circuit
from hotline.core.jobs.task import Task
from hotline.core.network.client import reach_of
from hotline.core.network.resolve import Reach
from hotline.core.storage import audit
from hotline.core.storage.database import insert_once
from hotline.core.storage.ids import new_id
from hotline.core.storage.outbox import OutboxEntry
from triage.cases.examination.hashes.rematch import appraise_anew
from triage.hashlists import service
from triage.hashlists.kinds import REMOTE_KIND, MatchDecision
from triage.hashlists.models import HashEntryRow, HashList, MediaMatch
from triage.hashlists.owners.remote import (
    Answer,
    HashMatcher,
    RemoteList,
    RemoteMatcher,
    Sent,
    load_remote_lists,
)
from triage.hashlists.search.matcher import (
    HASHES,
    REMOTE_JOB,
    Query,
    remote_key,
    threshold_of,
)
from triage.media.models import Media

Connect = Callable[[RemoteList, str, Reach], HashMatcher]


def ask_owner(task: Task, *, connect: Connect = RemoteMatcher) -> None:
    """Ask about one file and keep what the owner knows; its cases get their new proposal."""
    context, name = task.context, task.text_of("list")
    remote = {
        candidate.name: candidate
        for candidate in load_remote_lists(context.settings.data_dir)
    }.get(name)
    with context.database.reading() as session:
        media = session.get_one(Media, task.id_of("media_id"))
        hash_list = session.scalar(
            select(HashList).where(HashList.name == name)
        )
    answers: Iterable[Answer] = ()
    # Answers of a stranger must not count as entries that we imported.
    if hash_list is not None and not hash_list.remote:
        raise Conflict(
            phrase("%(name)s is a list of our own."),
            values={"name": name},
            hint=phrase("Give the remote list another name."),
        )
    # Both are rightly nothing to do: the list was taken out of the file, or
    # switched off, after the question was posted.
    if remote is not None and (hash_list is None or hash_list.enabled):
        hashes = hashes_of(media, remote)
        owner = connect(
            remote, _owner_token(context, remote), reach_of(context.settings)
        )
        if hashes:
            circuit = Circuit(context.database)
            # An owner who does not answer is not asked by every file in turn.
            circuit.require_closed(remote.name)
            with circuit.listening(remote.name):
                answers = owner.match(hashes)
    with task.finishing() as session:
        if remote is not None:
            act = Act(session, context, audit.SYSTEM, task.now)
            _store_answers(act, remote, media, answers)


def hashes_of(media: Media, remote: RemoteList) -> list[Sent]:
    """What is told to the owner: nothing of too low a quality, and no kind it cannot compare."""
    query = Query.of({name: getattr(media, name) for name in HASHES})
    hashes = [
        *query.exact.items(),
        *(("pdq", value) for value in dict(query.matchable())),
        *([("phash", query.phash)] if query.phash else []),
    ]
    return [(kind, value) for kind, value in hashes if kind in remote.kinds]


def _owner_token(context: Context, remote: RemoteList) -> str:
    secrets_dir = context.settings.secrets_dir
    if not remote.token_file or secrets_dir is None:
        return ""
    path = secrets_dir / remote.token_file
    try:
        return path.read_text("utf-8").strip()
    except (OSError, ValueError) as error:
        raise Misconfigured(
            f"The token of {remote.name} cannot be read: {type(error).__name__}.",
            hint=f"Put it into {remote.token_file} in the secrets directory.",
        ) from None


def _store_answers(
    act: Act,
    remote: RemoteList,
    media: Media,
    answers: Iterable[Answer],
) -> None:
    session, now = act.session, act.now
    target = service.create_list(
        act,
        remote.name,
        source=remote.source,
        version=1,
        licence=remote.licence,
        default_class=remote.default_class,
        remote=True,
    )
    new = 0
    for answer in sorted(
        # The nearest first: of two answers with one reference the better is
        # kept.
        answers,
        key=lambda owner_answer: owner_answer.distance,
    ):
        if answer.distance > threshold_of(target, answer.kind):
            continue
        new += insert_once(
            session,
            MediaMatch,
            ["media_id", "entry_id"],
            id=new_id(),
            media_id=media.id,
            entry_id=_entry_of_answer(session, target, answer).id,
            list_id=target.id,
            kind=answer.kind,
            distance=answer.distance,
            # Ours, because an owner does not tell the quality of its entry.
            quality=media.pdq_quality if answer.kind == "pdq" else None,
            at=now,
            decision=MatchDecision.OPEN,
            decided_by="",
        )
    if new:
        run = f"{target.id}:{now.isoformat()}"
        appraise_anew(session, media.id, run=run, now=now)


def _entry_of_answer(
    session: Session, target: HashList, answer: Answer
) -> HashEntryRow:
    """The row that stands for the owner's reference. The list's row is locked, so nobody else makes
    it at the same time."""
    entry = session.scalar(
        select(HashEntryRow).where(
            HashEntryRow.list_id == target.id,
            HashEntryRow.kind == REMOTE_KIND,
            HashEntryRow.value == answer.reference,
            HashEntryRow.removed_in.is_(None),
        )
    )
    if entry is None:
        entry = HashEntryRow(
            list_id=target.id,
            kind=REMOTE_KIND,
            value=answer.reference,
            entry_ref=answer.reference,
            source=target.source[:120] or None,
            added_in=1,
        )
        session.add(entry)
    entry.category = answer.category
    session.flush()
    return entry


def not_asked(
    session: Session,
    lists: Iterable[RemoteList],
    media_ids: Iterable[uuid.UUID],
    now: datetime,
) -> Mapping[uuid.UUID, list[str]]:
    """Names of the lists whose owners have not answered yet about these files. One query, none
    where no such list is configured. A question is put once a month, see ``remote_key``."""
    # A question that was posted on the last of a month waits under that
    # month's key.
    last_month = now.replace(day=1) - timedelta(days=1)
    keys = {
        remote_key(remote, media_id, month): (media_id, remote.name)
        for remote in lists
        for media_id in media_ids
        for month in (now, last_month)
    }
    if not keys:
        return {}
    waiting = session.scalars(
        select(OutboxEntry.key).where(
            OutboxEntry.job == REMOTE_JOB,
            OutboxEntry.key.in_(keys),
            OutboxEntry.done_at.is_(None),
        )
    )
    lists_by_item: dict[uuid.UUID, list[str]] = {}
    for key in waiting:
        media_id, name = keys[key]
        lists_by_item.setdefault(media_id, []).append(name)
    return lists_by_item
