"""Each piece of work by its name, as an outbox row holds it.

A layer posts work under a name, and a layer above may be the one that does it: neither imports the
other, and both mean the same. ``workers.queues.jobs`` has the function behind each.
"""

from __future__ import annotations

from enum import StrEnum


class JobName(StrEnum):
    """The values are stored: one that is renamed leaves rows behind that nobody does."""

    REPORT_RECEIVED = "report.received"
    """Find what a report names, and the case where it is decided."""
    REPORT_ADDED = "report.added"
    """Look for fingerprints in what a reporter sent later."""
    ITEM_ALARM = "item.alarm"
    """A person let reports of danger through."""
    ITEM_APPRAISE = "item.appraise"
    """Rank an item's case anew; nothing is fetched."""
    ITEM_EXAMINE = "item.examine"
    """Fetch a location, hash and match what is there, look its host up."""
    ITEM_LOCATE = "item.locate"
    """Look up where an item is hosted, and nothing else."""
    DANGER_RAISED = "danger.raised"
    """A child is said to be in danger: begin to call people."""
    DUTY_PASS_ON = "duty.pass_on"  # noqa: S105 - no password
    """Nobody has taken it: call the next."""
    DUTY_CALL = "duty.call"
    """Call one person by all their ways."""
    CASE_REVIEW = "case.review"
    """The case changed: see whether its plan and what waits to leave still hold."""
    BULK_RUN = "bulk.run"
    """Do an act on the next of many cases."""
    RULES_REPLAY = "rules.replay"
    """Ask changed rules about past cases; nothing is written but what would differ."""
    REFERRAL_AUTOMATIC = "referral.automatic"
    """A list tells the police automatically."""
    REFERRAL_PACKAGE = "referral.package"
    """Send what was gathered for one office."""
    NOTICE_RELEASE = "notice.release"
    """See which notices may leave now."""
    DELIVERY_ATTEMPT = "delivery.attempt"
    """Send one message by its channel."""
    INVITATION_SEND = "invitation.send"
    MAIL_TEST = "mail.test"
    MAIL_FETCH = "mail.fetch"
    ORIGIN_STATE = "origin.state"
    """Ask a delivery network what became of a report."""
    WATCH_CHECK = "watch.check"
    """Look whether a location is still there."""
    HASHLIST_INDEX = "hashlist.index"
    HASHLIST_REMATCH = "hashlist.rematch"
    HASHLIST_REMOTE = "hashlist.remote"
    """Ask the owner of a list about one file."""
    HASHLIST_READ_UPLOAD = "hashlist.read_upload"
    HASHLIST_TAKE_UPLOAD = "hashlist.take_upload"
    PRINT_SEARCH = "print.search"
    """Compare one fingerprint with every file that was seen."""
    PRINT_LIST = "print.list"
    """Ask the lists about all fingerprints, a batch a job."""
    PRINT_SEEN = "print.seen"
    """A file was seen that has a fingerprint."""
    FIGURES_CLOSE = "figures.close"
    """Keep the figures of a period that is over."""
    WEBHOOK_SEND = "webhook.send"
