"""One act of a person or of the machine: whose it is, when it happens, and where it is stored."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from hotline.core.context import Context
from hotline.core.jobs.names import JobName
from hotline.core.storage import audit, machine, outbox
from hotline.core.storage.machine import Stateful


@dataclass(frozen=True, slots=True)
class Act:
    """What nearly every service needs: the transaction, the service's context, who acts, and when.

    ``actor`` is a person's or the machine's code as the audit log writes it; ``now`` is the time
    that the edge (a view, a job, a command) read from the clock. An act commits nothing: whoever
    opened the transaction does. ::

        act = Act(session, context, actor=person.actor, now=utc_now())
        act.advance(notice, "withdrawn", why=why)
        act.post(JobName.NOTICE_RELEASE, key=f"withdraw:{notice.id}", payload={...})
    """

    session: Session
    context: Context
    actor: str
    now: datetime

    def record(
        self,
        action: str,
        entity: str,
        entity_id: uuid.UUID | str,
        **details: Any,
    ) -> None:
        """Write the act, or the reading of personal data, into the audit log."""
        audit.record_entry(
            self.session,
            actor=self.actor,
            action=action,
            entity=entity,
            entity_id=entity_id,
            now=self.now,
            **details,
        )

    def begin(self, entity: Stateful, **details: Any) -> None:
        """Put a new entity into its first state."""
        machine.begin_state(
            self.session, entity, actor=self.actor, now=self.now, **details
        )

    def advance(self, entity: Stateful, event: str, **details: Any) -> str:
        """Apply ``event`` to the entity's state machine; returns the new state."""
        return machine.advance_state(
            self.session,
            entity,
            event,
            actor=self.actor,
            now=self.now,
            **details,
        )

    def post(
        self,
        job: JobName,
        *,
        key: str,
        payload: Mapping[str, object],
        queue: str = "default",
        delay: timedelta = timedelta(),
    ) -> bool:
        """Store work for later, once per ``key``; False if that key was posted before."""
        return outbox.post_work(
            self.session,
            job,
            key=key,
            payload=payload,
            now=self.now,
            queue=queue,
            delay=delay,
        )
