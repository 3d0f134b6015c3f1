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
)
