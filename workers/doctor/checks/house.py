"""What the people of the house have to see to: names in letters, work, the seal, security.txt."""

from __future__ import annotations

from datetime import timedelta

from hotline.core import readiness
from hotline.core.setting_parts.placeholders import list_placeholders
from hotline.core.storage.backup_runs import age_of_newest
from hotline.core.storage.servers.presence import (
    find_silent_machines,
    list_machines,
)
from hotline.core.web import security_txt
from triage.hashlists.search.index_edition import find_machines_behind
from workers.doctor.finding import (
    Finding,
    find_failed,
    find_well,
    warn_of,
    write_sentence,
)
from workers.doctor.installation import Installation


def look_at_placeholders(installation: Installation) -> Finding:
    settings = installation.settings
    examples = list_placeholders(settings)
    if not examples:
        return find_well("No example stands in letters.")
    words = f"These settings stand in letters and are examples: {', '.join(examples)}."
    remedy = "Set them; no letter leaves until then."
    # Letters are meant to leave here, and will not.
    if settings.smtp_host:
        return find_failed(words, remedy)
    return warn_of(words, remedy)


def look_at_work(installation: Installation) -> Finding:
    with installation.reading() as session:
        fault = readiness.find_work_faults(session, installation.now)
    if fault:
        return warn_of(
            write_sentence(fault),
            "Look whether the workers and the scheduler run; what was given up stands in the "
            "console under Work.",
        )
    return find_well("No work is overdue, and none was given up.")


def look_at_sealing(installation: Installation) -> Finding:
    with installation.reading() as session:
        fault = readiness.find_sealing_fault(session, installation.now)
    if fault:
        return warn_of(
            write_sentence(fault),
            "Look whether the scheduler runs.",
        )
    return find_well("The audit log is sealed.")


def look_at_backups(installation: Installation) -> Finding:
    settings = installation.settings
    with installation.reading() as session:
        fault = readiness.find_backup_fault(
            session, settings, installation.now
        )
        age = age_of_newest(session, installation.now)
    # Whoever asked for no backup is not at fault, and has none all the same.
    if not fault and age is None:
        return warn_of(
            "No backup was made by this service, and none is asked for.",
            "Set backup_hours and the keys of two people, or see that another backup is made and "
            "tried; see docs/operations.md.",
        )
    if not fault:
        hours = (age or timedelta()) / timedelta(hours=1)
        return find_well(f"The newest backup is {hours:.0f} hours old.")
    words = write_sentence(fault)
    remedy = "Run hotline backup create, and look why none was made on time."
    if settings.backup_required:
        return find_failed(words, remedy)
    return warn_of(words, remedy)


def look_at_machines(installation: Installation) -> Finding:
    with installation.reading() as session:
        machines = list_machines(session)
        silent = find_silent_machines(session, installation.now)
        behind = find_machines_behind(session, installation.now)
    if silent:
        return warn_of(
            f"No program of the service has spoken for a minute on {', '.join(silent)}.",
            "Other machines do its work. Mend it, or, where it was taken away on purpose, "
            "`hotline machines forget NAME`.",
        )
    if behind:
        return warn_of(
            f"The index of known hashes is behind on {', '.join(behind)}.",
            "Run `hotline doctor` there.",
        )
    return find_well(
        f"{len(machines)} machines are known, and none is silent."
    )


def look_at_silent_servers(installation: Installation) -> Finding:
    with installation.reading() as session:
        fault = readiness.find_silent_servers(session)
    if fault:
        return warn_of(
            write_sentence(fault),
            "The console names them under Work; they are asked again by and by.",
        )
    return find_well("Every server of others that was asked has answered.")


def look_at_security_txt(installation: Installation) -> Finding:
    settings = installation.settings
    if not settings.security_contacts:
        return warn_of(
            "No security_contacts are set, so there is no security.txt.",
            "Say where somebody who finds a hole in the service can tell you, and until when that "
            "holds (security_expires).",
        )
    fault = security_txt.find_fault(settings, installation.now)
    if not fault:
        return find_well("security.txt is served, and holds.")
    remedy = (
        "Look whether its contacts still hold, and set a new security_expires."
    )
    if security_txt.is_expired(settings, installation.now):
        return find_failed(fault, remedy)
    return warn_of(fault, remedy)
