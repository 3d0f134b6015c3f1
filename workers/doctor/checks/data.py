"""Data files, and the index of known hashes."""

from __future__ import annotations

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
    if fault:
        return warn_of(
            fault,
            "A worker rebuilds it by itself; look whether `hotline-looking` runs. Matching goes "
            "on without it, slower.",
        )
    return find_well("The index of known hashes is as new as the lists.")
