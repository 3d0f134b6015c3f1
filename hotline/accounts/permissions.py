"""One table says who may do what; views name the permission, never the role."""

from __future__ import annotations

from types import MappingProxyType

ROLES = (
    "operator",
    "analyst",
    "senior",
    "supervisor",
    "administrator",
    "auditor",
    "liaison",
)

_ANALYSTS = frozenset({"analyst", "senior", "supervisor"})
_SENIORS = frozenset({"senior", "supervisor"})

PERMISSIONS: MappingProxyType[str, frozenset[str]] = MappingProxyType(
    {
        "console.use": frozenset(
            ROLES
        ),  # the start page, the own password, signing out
        "report.enter": _ANALYSTS | {"operator"},
        "queue.see": _ANALYSTS,
        "case.see": _ANALYSTS | {"liaison"},
        "case.claim": _ANALYSTS,
        "case.assess": _ANALYSTS,
        "personal.see": _ANALYSTS,
        "plan.request": _ANALYSTS,
        "plan.approve": _ANALYSTS,
        "hold.decide": _SENIORS | {"liaison"},
        "referral.answer": _SENIORS | {"liaison"},
        "notice.withdraw": _SENIORS,
        "match.decide": _ANALYSTS,
        "hashlist.see": _SENIORS | {"administrator"},
        "hashlist.decide": frozenset({"supervisor", "administrator"}),
        "partner.see": _ANALYSTS | {"administrator"},
        "partner.edit": frozenset({"supervisor", "administrator"}),
        "person.manage": frozenset({"administrator"}),
        "work.see": frozenset({"supervisor", "administrator"}),
        "work.replay": frozenset({"supervisor", "administrator"}),
        "audit.see": frozenset({"auditor"}),
        "stats.see": _ANALYSTS | {"administrator", "auditor"},
    }
)


def allows(role: str, permission: str) -> bool:
    """False for a role that is not listed; an unknown permission is a programming error."""
    return role in PERMISSIONS[permission]
