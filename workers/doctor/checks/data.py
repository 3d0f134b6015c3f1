"""Data files, and the index of known hashes."""

from __future__ import annotations

from triage.hashlists.search.index_edition import (
    measure_lag,
    read_own_edition,
)
from triage.hashlists.search.readiness import IndexReadiness
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
