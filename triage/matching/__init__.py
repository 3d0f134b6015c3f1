"""Near matches among millions of known perceptual hashes: exact, so that no known child is missed.

A hash is 256 bits (PDQ) or 64 (pHash); two match where they differ in at most ``threshold`` bits.
``build_index`` writes a file off-line, ``load_index`` maps it read-only into every worker, and
``HashIndex.search`` answers with every entry within the threshold. Exact look-ups of MD5 and SHA
are the database's business.
"""

from __future__ import annotations

from triage.matching.index import DamagedIndex, HashIndex, Match, warm_up
from triage.matching.indexfile import StaleIndex, build_index, load_index
from triage.matching.reloading import ReloadingIndex

__all__ = [
    "DamagedIndex",
    "HashIndex",
    "Match",
    "ReloadingIndex",
    "StaleIndex",
    "build_index",
    "load_index",
    "warm_up",
]
