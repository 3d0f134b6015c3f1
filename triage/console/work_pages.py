"""The page of the work that the machine laid aside, and how to send it on its way again."""

from __future__ import annotations

import uuid

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy import select

from hotline.accounts.pages.views import flash_refusals
from hotline.accounts.signing_in.auth import requires, signed_in
from hotline.core.context import utc_now
from hotline.core.datafiles.periods import Sort, load_periods
from hotline.core.errors import Conflict
from hotline.core.jobs import circuit
from hotline.core.storage import audit, outbox
from hotline.core.storage.outbox import OutboxEntry
from hotline.core.web import site
from hotline.intake import retention
from triage.cases.keeping.last_act import happened_since

SHOWN_DEAD = 100


@requires("work.see")
def work() -> ResponseReturnValue:
    dead = (
        select(OutboxEntry)
        .where(OutboxEntry.dead_at.is_not(None))
        .order_by(OutboxEntry.dead_at.desc(), OutboxEntry.id)
        .limit(SHOWN_DEAD)
    )
    now, context = utc_now(), site.current_context()
    with site.reading() as session:
        return render_template(
            "triage/work.html",
            counts=outbox.count_open_work(session, now=now),
            waiting=retention.count_waiting(
                session, context.settings, now=now, happened=happened_since
            ),
            counted=retention.COUNTED,
            unread_days=load_periods(context.settings)[Sort.UNREAD_WORDS].days,
            dead=session.scalars(dead).all(),
            shown=SHOWN_DEAD,
            silent=circuit.left_alone(session),
        )


@requires("work.replay")
def replay(entry_id: uuid.UUID) -> ResponseReturnValue:
    now = utc_now()
    with flash_refusals(), site.writing() as session:
        # Of two people who press at once one replays it.
        if not outbox.replay_entry(session, entry_id, now=now):
            raise Conflict(
                gettext(
                    "This work was not laid aside, or somebody has replayed it."
                )
            )
        audit.record_entry(
            session,
            actor=signed_in().actor,
            action="work.replayed",
            entity="outbox_entry",
            entity_id=entry_id,
            now=now,
        )
        flash(gettext("The work is on its way again."), "good")
    return redirect(url_for("triage.work"), 303)
