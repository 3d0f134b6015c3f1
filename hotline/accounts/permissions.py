"""One table says who may do what; views name the permission, never the role."""

from __future__ import annotations

from enum import StrEnum
from types import MappingProxyType


class Role(StrEnum):
    """What a person works as. The values are stored."""

    OPERATOR = "operator"
    ANALYST = "analyst"
    SENIOR = "senior"
    SUPERVISOR = "supervisor"
    ADMINISTRATOR = "administrator"
    AUDITOR = "auditor"
    LIAISON = "liaison"
    REVIEWER = "reviewer"
    """Outside the line: measures the quality of decisions, and sees nobody's name."""


_ANALYSTS = frozenset({Role.ANALYST, Role.SENIOR, Role.SUPERVISOR})
_SENIORS = frozenset({Role.SENIOR, Role.SUPERVISOR})
_MANAGERS = frozenset({Role.SUPERVISOR, Role.ADMINISTRATOR})

PERMISSIONS: MappingProxyType[str, frozenset[Role]] = MappingProxyType(
    {
        # The start page, the own password, signing out.
        "console.use": frozenset(Role),
        "report.enter": _ANALYSTS | {Role.OPERATOR},
        "queue.see": _ANALYSTS,
        # The one box; what it finds of is limited by the permissions of each finder.
        "search.use": _ANALYSTS | {Role.ADMINISTRATOR},
        "case.see": _ANALYSTS | {Role.LIAISON},
        "case.claim": _ANALYSTS,
        "case.assign": _SENIORS,
        "case.assess": _ANALYSTS,
        "personal.see": _ANALYSTS,
        "plan.request": _ANALYSTS,
        "plan.approve": _ANALYSTS,
        "hold.decide": _SENIORS | {Role.LIAISON},
        "referral.answer": _SENIORS | {Role.LIAISON},
        "notice.withdraw": _SENIORS,
        "referral.withdraw": _SENIORS,
        "link.replace": _SENIORS,
        "match.decide": _ANALYSTS,
        "hashlist.see": _SENIORS | {Role.ADMINISTRATOR},
        "hashlist.decide": _MANAGERS,
        # Sending the pieces of a file that was announced by an act of hashlist.decide.
        "hashlist.upload": _MANAGERS,
        "partner.see": _ANALYSTS | {Role.ADMINISTRATOR},
        "partner.edit": _MANAGERS,
        "duty.see": _ANALYSTS | {Role.ADMINISTRATOR},
        "duty.acknowledge": _ANALYSTS,
        "duty.edit": _MANAGERS,
        "person.manage": frozenset({Role.ADMINISTRATOR}),
        # What one asks for and another grants; who may grant what is said by each kind of act.
        "approval.see": _ANALYSTS | {Role.ADMINISTRATOR, Role.AUDITOR},
        # Whom a reporter is: one asks, another one of those who answer for others agrees.
        "identity.ask": _ANALYSTS,
        "identity.grant": _SENIORS,
        # Who is behind a code of a member of staff.
        "staff_name.ask": frozenset({Role.ADMINISTRATOR, Role.AUDITOR}),
        "staff_name.grant": _MANAGERS,
        # What leaves the house in bulk, and what is erased before its time.
        "export.ask": _MANAGERS | {Role.AUDITOR},
        "export.grant": _MANAGERS,
        "erasure.decide": _MANAGERS,
        "work.see": _MANAGERS,
        "work.replay": _MANAGERS,
        "audit.see": frozenset({Role.AUDITOR}),
        "sample.see": frozenset({Role.REVIEWER}),
        # What came of cases; how much the team has to bear, as sums.
        "became.see": _ANALYSTS,
        "load.see": frozenset({Role.SUPERVISOR}),
        # One look at a file, where that is lawful and two people switched it on.
        "viewing.see": _ANALYSTS | {Role.ADMINISTRATOR, Role.AUDITOR},
        "viewing.look": _ANALYSTS,
        "viewing.switch": _MANAGERS,
        # Changed files of law and priority: tried by one, put in force by two.
        "rules.see": _MANAGERS | {Role.AUDITOR},
        "rules.change": _MANAGERS,
        "stats.see": _ANALYSTS
        | {Role.ADMINISTRATOR, Role.AUDITOR, Role.REVIEWER},
    }
)


SENSITIVE = frozenset(
    {
        "person.manage",
        "hashlist.decide",
        "hold.decide",
        "identity.ask",
        "staff_name.ask",
        "export.ask",
        "viewing.look",
    }
)
"""What asks for the second factor again before each act, where it was not shown just now:
people, lists, decisions on behalf of the police, whose name is read, what leaves in bulk, looks."""


def role_allows(role: str, permission: str) -> bool:
    """False for a role that is not listed; an unknown permission is a programming error."""
    return role in PERMISSIONS[permission]


def roles_that_may(permission: str) -> frozenset[Role]:
    """For queries: whoever holds something that only these roles may hold."""
    return PERMISSIONS[permission]
