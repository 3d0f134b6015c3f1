"""What the log's page offers to choose from, and what it calls it."""

from __future__ import annotations

from dataclasses import dataclass

from flask_babel import LazyString, lazy_gettext


@dataclass(frozen=True, slots=True)
class Topic:
    """Acts and reads of one sort. ``beginnings``: of the actions in the log."""

    code: str
    label: LazyString
    beginnings: tuple[str, ...]


# In the order in which an auditor asks. A test goes through every action of
# the code and finds its topic.
TOPICS = (
    Topic(
        "personal",
        lazy_gettext("Personal words and data read"),
        (
            "personal.",
            "case.people_read",
            "case.contact_released",
            "plan.people_read",
            "referral.read",
            "person.name_read",
            "person.asked_",
        ),
    ),
    Topic(
        "cases",
        lazy_gettext("Cases and their locations"),
        ("case.", "case_item.", "bulk_act.", "item.", "search.", "view."),
    ),
    Topic("reports", lazy_gettext("Reports"), ("report.", "report_part.")),
    Topic("plans", lazy_gettext("Plans"), ("plan.",)),
    Topic(
        "offices",
        lazy_gettext("What offices were told"),
        ("referral.", "hold.", "manual."),
    ),
    Topic(
        "notices",
        lazy_gettext("Notices to hosts"),
        ("notice.", "delivery.", "link.", "watch."),
    ),
    Topic(
        "hashes",
        lazy_gettext("Lists of known hashes"),
        ("hashlist.", "hash_list.", "hash_upload.", "print.", "match."),
    ),
    Topic(
        "people",
        lazy_gettext("Accounts and signing in"),
        (
            "person.",
            "person_request.",
            "sign_in.",
            "second_factor.",
            "sign_in_code.",
            "recovery_codes.",
            "session.",
            "invitation.",
        ),
    ),
    Topic("rules", lazy_gettext("Rules in force"), ("rule_change.",)),
    Topic("viewing", lazy_gettext("Looks at files"), ("viewing.",)),
    Topic(
        "approvals",
        lazy_gettext("What two people agreed on"),
        ("approval.",),
    ),
    Topic(
        "directory",
        lazy_gettext("Partners and who is on duty"),
        ("partner.", "directory.", "duty.", "duty_alert."),
    ),
    Topic(
        "house",
        lazy_gettext("The house itself"),
        (
            "audit.",
            "key.",
            "api_key.",
            "mail.",
            "work.",
            "evidence.",
            "backup.",
            "sample.",
            "gold.",
        ),
    ),
)
