"""The table of jobs: the name an outbox row holds -> the one service call that does the work.

Work that follows from a change is posted by the service that made the change, under these names.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from hotline.core.task import Task
from hotline.intake.inbound.fetch import fetch_mail
from partners.deliveries.attempt import attempt_delivery
from partners.notices.origins import ask_state
from partners.notices.release import release_notices
from partners.referrals.automatic import refer_automatically
from partners.watching.check import check_item
from triage.hashlists.asking import ask_owner
from triage.hashlists.service import rebuild_index, rematch_media
from triage.items.examine import appraise_item, examine_item, locate_item
from triage.items.service import register_report
from workers import webhooks
from workers.tools import Tools

Job = Callable[[Tools, Task], None]


def _examine(tools: Tools, task: Task) -> None:
    examine_item(task, fetcher=tools.fetcher, lookup=tools.lookup, matcher=tools.matcher)


def _check(tools: Tools, task: Task) -> None:
    check_item(task, fetcher=tools.fetcher, lookup=tools.lookup, matcher=tools.matcher)


def _fetch_mail(_: Tools, task: Task) -> None:
    fetch_mail(task)


JOBS: Mapping[str, Job] = MappingProxyType(
    {
        "report.received": lambda _, task: register_report(task),
        "mail.fetch": _fetch_mail,
        "item.examine": _examine,
        "item.appraise": lambda _, task: appraise_item(task),
        "hashlist.index": lambda _, task: rebuild_index(task),
        "hashlist.remote": lambda _, task: ask_owner(task),
        "hashlist.rematch": lambda tools, task: rematch_media(task, matcher=tools.matcher),
        "item.locate": lambda tools, task: locate_item(task, lookup=tools.lookup),
        "origin.state": lambda tools, task: ask_state(task, client=tools.cloudflare),
        "notice.release": lambda tools, task: release_notices(task, lookup=tools.lookup),
        "referral.automatic": lambda _, task: refer_automatically(task),
        "delivery.attempt": lambda tools, task: attempt_delivery(task, channels=tools.channels),
        "watch.check": _check,
        "webhook.send": lambda _, task: webhooks.send(task),
    }
)
