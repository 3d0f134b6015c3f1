"""Networks like a container engine's, made by ``ip`` in the network namespace that this runs in.

Each network is a bridge, each container has a namespace of its own with a link to each of its
networks. A network that compose.yaml calls internal leads nowhere else.
"""

from __future__ import annotations

import subprocess
from dataclasses import dataclass, field


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True)


@dataclass(frozen=True, slots=True)
class Network:
    name: str
    number: int
    is_internal: bool

    @property
    def bridge(self) -> str:
        return f"net{self.number}"

    @property
    def gateway(self) -> str:
        """This side's own address in it, as that of a container engine's host."""
        return self.address(1)

    def address(self, host: int) -> str:
        return f"10.77.{self.number}.{host}"


@dataclass
class Networks:
    """All networks, and who is linked to which."""

    all: dict[str, Network] = field(default_factory=dict)
    addresses: dict[str, dict[str, str]] = field(default_factory=dict)
    """Machine -> network -> address."""

    def add_network(self, name: str, *, is_internal: bool) -> None:
        network = Network(name, len(self.all) + 1, is_internal)
        self.all[name] = network
        ip("link", "add", network.bridge, "type", "bridge")
        ip("address", "add", f"{network.gateway}/24", "dev", network.bridge)
        ip("link", "set", network.bridge, "up")

    def add_machine(self, name: str, networks: tuple[str, ...]) -> None:
        """A namespace of this name, with one link to each of these networks."""
        number = len(self.addresses) + 2
        self.addresses[name] = {}
        ip("netns", "add", name)
        ip("-n", name, "link", "set", "lo", "up")
        for each in networks:
            self._link(name, number, self.all[each])
        leading_out = [
            self.all[each]
            for each in networks
            if not self.all[each].is_internal
        ]
        if leading_out:
            gateway = leading_out[0].gateway
            ip("-n", name, "route", "add", "default", "via", gateway)

    def _link(self, machine: str, number: int, network: Network) -> None:
        outer = f"v{number}n{network.number}"
        inner = f"eth{network.number}"
        address = network.address(number)
        ip("link", "add", outer, "type", "veth", "peer", "name", inner)
        ip("link", "set", outer, "master", network.bridge, "up")
        ip("link", "set", inner, "netns", machine)
        ip("-n", machine, "address", "add", f"{address}/24", "dev", inner)
        ip("-n", machine, "link", "set", inner, "up")
        self.addresses[machine][network.name] = address

    def names_seen_from(self, machine: str) -> dict[str, str]:
        """Every other machine that shares a network, and its address there."""
        own = self.addresses[machine]
        seen = {}
        for other, theirs in self.addresses.items():
            shared = [theirs[network] for network in own if network in theirs]
            if shared:
                seen[other] = shared[0]
        return seen
