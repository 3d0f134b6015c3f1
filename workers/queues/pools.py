"""Which kind of work is done by which worker processes: whoever waits for outsiders waits apart.

A server of others that accepts a connection and stays silent holds a worker for as long as a try
may last. It must never hold one that takes in reports or routes danger, so each kind of work has
processes of its own. This module imports no job: the web process asks it, too.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from hotline.core.jobs.names import JobName


class Pool(StrEnum):
    """A kind of work. In the order in which one process that serves all of them looks."""

    INTAKE = "intake"  # registers reports and routes them: the database alone, no network
    WAKING = (
        "waking"  # calls whoever is on duty, by mail, SMS and push servers
    )
    SENDING = "sending"  # letters, partners' channels, delivery networks
    LOOKING = "looking"  # fetches reported locations, looks up hosts, keeps the index of hashes
    WATCHING = "watching"  # looks again whether what was taken down is down
    ASKING = "asking"  # the mailbox, owners of hash lists, the state of what was sent
    WEBHOOKS = "webhooks"  # tells senders of reports how their report is doing


POOL_OF_JOB: Mapping[str, Pool] = MappingProxyType(
    {
        JobName.REPORT_RECEIVED: Pool.INTAKE,
        JobName.REPORT_ADDED: Pool.INTAKE,
        JobName.ITEM_ALARM: Pool.INTAKE,
        JobName.DANGER_RAISED: Pool.INTAKE,
        JobName.DUTY_PASS_ON: Pool.INTAKE,
        JobName.ITEM_APPRAISE: Pool.INTAKE,
        JobName.REFERRAL_AUTOMATIC: Pool.INTAKE,
        JobName.REFERRAL_PACKAGE: Pool.INTAKE,
        JobName.CASE_REVIEW: Pool.INTAKE,
        JobName.PRINT_SEEN: Pool.INTAKE,
        JobName.BULK_RUN: Pool.INTAKE,
        JobName.RULES_REPLAY: Pool.INTAKE,
        JobName.DUTY_CALL: Pool.WAKING,
        JobName.DELIVERY_ATTEMPT: Pool.SENDING,
        JobName.INVITATION_SEND: Pool.SENDING,
        JobName.MAIL_TEST: Pool.SENDING,
        JobName.NOTICE_RELEASE: Pool.LOOKING,
        JobName.ITEM_EXAMINE: Pool.LOOKING,
        JobName.ITEM_LOCATE: Pool.LOOKING,
        JobName.HASHLIST_INDEX: Pool.LOOKING,
        JobName.HASHLIST_READ_UPLOAD: Pool.LOOKING,
        JobName.HASHLIST_TAKE_UPLOAD: Pool.LOOKING,
        JobName.HASHLIST_REMATCH: Pool.LOOKING,
        JobName.PRINT_SEARCH: Pool.LOOKING,
        JobName.PRINT_LIST: Pool.LOOKING,
        JobName.WATCH_CHECK: Pool.WATCHING,
        # Of all work it can wait longest, and asks nobody.
        JobName.FIGURES_CLOSE: Pool.WATCHING,
        JobName.MAIL_FETCH: Pool.ASKING,
        JobName.HASHLIST_REMOTE: Pool.ASKING,
        JobName.ORIGIN_STATE: Pool.ASKING,
        JobName.WEBHOOK_SEND: Pool.WEBHOOKS,
    }
)

_RANKS: Mapping[str, int] = MappingProxyType(
    {"urgent": 0, "default": 1, "checks": 2}
)
_RANK_OF_OTHERS = 1


def rank_of(queue: str) -> int:
    """How soon within its pool a row's turn comes, by the row's own ``queue``: danger is 0."""
    return _RANKS.get(queue, _RANK_OF_OTHERS)
