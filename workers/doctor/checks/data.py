"""Data files, and the index of known hashes."""

from __future__ import annotations

from hotline.core.errors import Misconfigured
from triage.hashlists.search.index_edition import (
    measure_lag,
    read_own_edition,
)
from triage.hashlists.search.readiness import IndexReadiness
from triage.jurisdiction import load_rules
from triage.jurisdiction.rules import rules_digest
from triage.rulebook.in_force import build_folder, find_in_force
from workers.configuration import list_faults
from workers.doctor.finding import Finding, find_failed, find_well, warn_of
from workers.doctor.installation import Installation


def look_at_data_files(installation: Installation) -> Finding:
    faults = list_faults(installation.settings)
    if faults:
        return find_failed(
            " ".join(faults),
            "Correct the files in the folder data of the data directory.",
        )
    return find_well("Every data file can be read and holds what it may.")


def look_at_rules(installation: Installation) -> Finding:
    """Which rules decide, by a digest that an auditor can compare with the log."""
    with installation.reading() as session:
        change = find_in_force(session)
        own = installation.settings.data_dir
        if change is None or not change.files:
            return find_well(
                f"The installation's own rules are in force (digest {rules_digest(own)[:16]})."
            )
        about, digest, files = change.about, change.digest, dict(change.files)
    try:
        load_rules(build_folder(own, files))
    except (OSError, Misconfigured) as error:
        return find_failed(
            f"This machine cannot read the rules in force (digest {digest[:16]}): {error}",
            "It goes on by the former ones. Make room in the data directory, or go back to them.",
        )
    return find_well(f"Rules in force: {about} (digest {digest[:16]}).")


def look_at_known_hashes(installation: Installation) -> Finding:
    index = IndexReadiness(installation.settings.data_dir)
    with installation.reading() as session:
        fault = index.fault(session)
        edition = read_own_edition(installation.settings.data_dir)
        lag = measure_lag(session, edition)
    if fault:
        return warn_of(
            fault,
            "A worker rebuilds it by itself; look whether `hotline-looking` runs. Matching goes "
            "on without it, slower.",
        )
    if lag.is_late(installation.now):
        return warn_of(
            f"This machine's index of known hashes lacks {lag.missing} versions of lists.",
            "Look whether `hotline-looking` runs on this machine, and what it says of "
            "`index_not_built`. What came since is found all the same, slower.",
        )
    return find_well("The index of known hashes is as new as the lists.")
