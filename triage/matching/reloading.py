"""An index that follows its file: a new one is picked up while the old one is still being used."""

from __future__ import annotations

from pathlib import Path

from hotline.core.errors import Unavailable
from triage.matching.index import HashIndex
from triage.matching.indexfile import load_index


class ReloadingIndex:
    """Serves the index at ``path``, and the one that replaces it as soon as it is there.

    Where the new file is damaged or gone, the last good index serves on and ``problem`` says why,
    for the readiness page. Threads may share one: the worst that can happen is that two of them map
    the same new file.
    """

    def __init__(self, path: Path, *, verify: bool = False) -> None:
        self._path = path
        self._verify = verify
        self._state: tuple[int, int, int] | None = None
        self._index: HashIndex | None = None
        self.problem = ""

    def current(self) -> HashIndex:
        """The newest good index. Raises StaleIndex or DamagedIndex where there has been none."""
        # Looked at before it is loaded: a file that is replaced meanwhile is
        # loaded once more, and never missed.
        state = self._identify_file()
        if self._index is None or state != self._state:
            try:
                self._index = load_index(self._path, verify=self._verify)
                self.problem = ""
            except Unavailable as error:
                self.problem = str(error)
                if self._index is None:
                    raise
            # Noted after a failure too: a damaged file is read once, and not at every search.
            self._state = state
        return self._index

    def _identify_file(self) -> tuple[int, int, int] | None:
        """What tells one file from the next; None where there is none."""
        try:
            status = self._path.stat()
        except OSError:
            return None
        return status.st_ino, status.st_mtime_ns, status.st_size
