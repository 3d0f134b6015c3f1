"""The table of jobs: the name an outbox row holds -> the one service call that does the work.

Work that follows from a change is posted by the service that made the change, under these names.
A process imports the jobs of its own pool only: a worker that sends letters needs neither the
decoders nor the tables of hashes, and would hold some hundred megabytes for nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from hotline.core.jobs.names import JobName
from hotline.core.jobs.task import Task
from workers.queues.pools import Pool
from workers.queues.tools import Tools

Job = Callable[[Tools, Task], None]
Jobs = Mapping[str, Job]


def jobs_of(pools: Iterable[Pool]) -> Jobs:
    """What a process of these pools can do, and nothing else."""
    return {
        # Each table imports its jobs when it is called, and not before.
        name: job
        for pool in pools
        for name, job in _TABLES[pool]().items()
    }


def _intake() -> Jobs:
    from partners.duty.alerts import note_danger, pass_on
    from partners.plans import bulk as plans
    from partners.plans.making.automatic import refer_automatically
    from partners.plans.review import review_case
    from partners.referrals.gathering import send_package
    from triage.cases.bulk.deeds import DEEDS
    from triage.cases.bulk.running import run_bulk
    from triage.cases.examination.examine import appraise_item
    from triage.cases.examination.hashes.prints import note_seen
    from triage.cases.examination.register import (
        alarm_item,
        register_added,
        register_report,
    )
    from triage.rulebook.replaying import run_replay

    # Here and not below, because triage knows no plans.
    deeds = {deed.name: deed for deed in (*DEEDS, *plans.DEEDS)}
    return {
        JobName.BULK_RUN: lambda _, task: run_bulk(task, deeds=deeds),
        JobName.RULES_REPLAY: lambda _, task: run_replay(task),
        JobName.REPORT_RECEIVED: lambda _, task: register_report(task),
        JobName.REPORT_ADDED: lambda _, task: register_added(task),
        JobName.ITEM_ALARM: lambda _, task: alarm_item(task),
        JobName.DANGER_RAISED: lambda _, task: note_danger(task),
        JobName.DUTY_PASS_ON: lambda _, task: pass_on(task),
        JobName.ITEM_APPRAISE: lambda _, task: appraise_item(task),
        JobName.REFERRAL_AUTOMATIC: lambda _, task: refer_automatically(task),
        JobName.REFERRAL_PACKAGE: lambda _, task: send_package(task),
        JobName.CASE_REVIEW: lambda _, task: review_case(task),
        JobName.PRINT_SEEN: lambda _, task: note_seen(task),
    }


def _waking() -> Jobs:
    from partners.duty.calls import call_person

    return {
        JobName.DUTY_CALL: lambda tools, task: call_person(
            task, ways=tools.duty_ways
        ),
    }


def _sending() -> Jobs:
    from partners.invitations import send_invitation
    from partners.mail_test import send_test
    from partners.sending.attempt import attempt_delivery
    from partners.subjects import SUBJECTS

    return {
        JobName.DELIVERY_ATTEMPT: lambda tools, task: attempt_delivery(
            task, channels=tools.channels, subjects=SUBJECTS
        ),
        JobName.INVITATION_SEND: lambda tools, task: send_invitation(
            task, channels=tools.channels
        ),
        JobName.MAIL_TEST: lambda tools, task: send_test(
            task, channels=tools.channels
        ),
    }


def _looking() -> Jobs:
    from partners.notices.release import release_notices
    from triage.cases.examination.examine import examine_item, locate_item
    from triage.cases.examination.hashes.print_search import (
        list_prints,
        search_print,
    )
    from triage.cases.examination.hashes.rematch import rematch_media
    from triage.hashlists.search.index_building import rebuild_index
    from triage.hashlists.uploads.jobs import read_upload, take_upload

    def examine(tools: Tools, task: Task) -> None:
        examine_item(
            task,
            fetcher=tools.fetcher,
            lookup=tools.lookup,
            matcher=tools.matcher,
        )

    return {
        JobName.ITEM_EXAMINE: examine,
        JobName.ITEM_LOCATE: lambda tools, task: locate_item(
            task, lookup=tools.lookup
        ),
        JobName.NOTICE_RELEASE: lambda tools, task: release_notices(
            task, lookup=tools.lookup
        ),
        JobName.HASHLIST_INDEX: lambda _, task: rebuild_index(task),
        JobName.HASHLIST_READ_UPLOAD: lambda _, task: read_upload(task),
        JobName.HASHLIST_TAKE_UPLOAD: lambda _, task: take_upload(task),
        JobName.HASHLIST_REMATCH: lambda tools, task: rematch_media(
            task, matcher=tools.matcher
        ),
        JobName.PRINT_SEARCH: lambda tools, task: search_print(
            task, matcher=tools.matcher
        ),
        JobName.PRINT_LIST: lambda tools, task: list_prints(
            task, matcher=tools.matcher
        ),
    }


def _watching() -> Jobs:
    from partners.watching.check import check_item
    from workers.statistics.closing import close_period

    def check(tools: Tools, task: Task) -> None:
        check_item(
            task,
            fetcher=tools.fetcher,
            lookup=tools.lookup,
            matcher=tools.matcher,
        )

    return {
        JobName.WATCH_CHECK: check,
        JobName.FIGURES_CLOSE: lambda _, task: close_period(task),
    }


def _asking() -> Jobs:
    from hotline.intake.inbound.fetch import fetch_mail
    from partners.notices.telling.origins import ask_state
    from triage.cases.examination.hashes.ask_owner import ask_owner
    from triage.locations.places import find_places

    # The mailbox belongs to the ground floor, which knows no locations: how
    # they are found in a text is handed in.
    def fetch(_: Tools, task: Task) -> None:
        fetch_mail(task, find_places=find_places)

    return {
        JobName.MAIL_FETCH: fetch,
        JobName.HASHLIST_REMOTE: lambda _, task: ask_owner(task),
        JobName.ORIGIN_STATE: lambda tools, task: ask_state(
            task, client=tools.cloudflare
        ),
    }


def _webhooks() -> Jobs:
    from workers import webhooks

    return {JobName.WEBHOOK_SEND: lambda _, task: webhooks.send(task)}


_TABLES: Mapping[Pool, Callable[[], Jobs]] = {
    Pool.INTAKE: _intake,
    Pool.WAKING: _waking,
    Pool.SENDING: _sending,
    Pool.LOOKING: _looking,
    Pool.WATCHING: _watching,
    Pool.ASKING: _asking,
    Pool.WEBHOOKS: _webhooks,
}
