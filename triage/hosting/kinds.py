"""What stands behind a location, as far as somebody could be asked to remove what lies there."""

from __future__ import annotations

from enum import StrEnum


class HostingKind(StrEnum):
    """The values are stored with items and named in files of facts."""

    HOST = "host"
    """A server of a provider: its operator can remove what it keeps."""
    CDN = "cdn"
    """A delivery network that only passes on what another host keeps."""
    ONION = "onion"
    """A service inside Tor: nobody can be found who runs it."""
    P2P = "p2p"
    """Copies at people who share them: there is no host."""
    PLATFORM = "platform"
    """A service with accounts, which has a channel of its own for reports."""
    NONE = "none"
    """Nothing lies anywhere: what is reported is told in words, or names a person."""
    UNKNOWN = "unknown"

    @property
    def is_hidden(self) -> bool:
        """Something lies there, but there is no host that anybody could ask."""
        return self in {HostingKind.ONION, HostingKind.P2P}

    @property
    def has_host(self) -> bool:
        """Somebody runs what keeps it, and could be asked. Of an unknown kind nobody can say."""
        return not self.is_hidden and self not in {self.NONE, self.UNKNOWN}

    @property
    def hides_place(self) -> bool:
        """The country of its address says nothing about where the material is kept."""
        return self.is_hidden or self in {HostingKind.CDN, HostingKind.NONE}
