"""The keys of what is done about a case's measures, until somebody changes theirs."""

from __future__ import annotations

from flask_babel import lazy_gettext

from hotline.accounts.shortcuts import Group, Shortcut

SHORTCUTS = (
    Shortcut("bulk.plan", Group.QUEUE, "KeyP", lazy_gettext("Ask for a plan")),
    Shortcut("bulk.close", Group.QUEUE, "KeyC", lazy_gettext("Close")),
    Shortcut(
        "plan.ask", Group.CASE, "Shift+KeyP", lazy_gettext("Ask for a plan")
    ),
    Shortcut(
        "plan.approve",
        Group.CASE,
        "Shift+KeyY",
        lazy_gettext("Approve the plan"),
    ),
    Shortcut(
        "plan.refuse",
        Group.CASE,
        "Shift+KeyU",
        lazy_gettext("Reject the plan"),
    ),
    Shortcut("case.close", Group.CASE, "KeyZ", lazy_gettext("Close the case")),
    *(
        Shortcut(slug, Group.CASE, f"Shift+Key{letter}", label)
        for slug, letter, label in (
            ("danger.take", "I", lazy_gettext("I take it")),
            ("danger.call", "C", lazy_gettext("Record the call")),
            (
                "hand.record",
                "H",
                lazy_gettext("Record what was done by hand"),
            ),
            ("hand.told", "D", lazy_gettext("They were told by hand")),
            ("delivery.again", "E", lazy_gettext("Send again")),
            ("referral.more", "A", lazy_gettext("Send the answer")),
            (
                "referral.said",
                "T",
                lazy_gettext("Note an answer from the telephone"),
            ),
            ("referral.became", "O", lazy_gettext("Note what came of it")),
            ("referral.withdraw", "W", lazy_gettext("Withdraw the referral")),
            ("referral.keep", "K", lazy_gettext("Keep the referral")),
            ("hold.decide", "R", lazy_gettext("Release or extend the hold")),
            ("notice.contact", "B", lazy_gettext("Name this contact")),
            ("notice.withdraw", "N", lazy_gettext("Withdraw the notice")),
            ("link.replace", "L", lazy_gettext("Replace the link")),
            (
                "case.merge",
                "M",
                lazy_gettext("Make another case a part of this one"),
            ),
            (
                "case.split",
                "X",
                lazy_gettext("Make a case of its own of some locations"),
            ),
        )
    ),
)
