"""Starts the services of compose.yaml with podman, in the order in which they wait."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from browsing import wait_until
from compose_file import Service, start_order
from network import Networks

START_SECONDS = 180.0
# What podman by itself gives a container more of than some machines let it have.
MODEST = ["--ulimit=nofile=1024:1024", "--ulimit=nproc=1024:1024"]


class Failed(RuntimeError):
    """A part of the composition is not as it should be."""


@dataclass
class Composition:
    """The services that run, each with its image."""

    podman: list[str]
    images: dict[str, str]
    """Image that compose.yaml names -> image that stands here for it."""
    networks: Networks
    control_group: str
    """Under which all containers' control groups are, for whoever cleans up."""
    started: dict[str, Service] = field(default_factory=dict)
    """Container -> its service."""
    last_health: dict[str, str] = field(default_factory=dict)
    """Container -> what its health check said last."""

    def call(self, *words: str, given: str | None = None) -> str:
        done = subprocess.run(
            [*self.podman, *words],
            input=given,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise Failed(
                f"podman {' '.join(words)}: {done.stderr}{done.stdout}"
            )
        return done.stdout

    def start_all(self, services: dict[str, Service]) -> None:
        for service in services.values():
            for container in containers_of(service):
                self.networks.add_machine(container, service.networks)
        for service in start_order(services):
            for other, condition in service.waits_for.items():
                self._wait_for(services[other], condition)
            for container in containers_of(service):
                self._start(container, service)
        for service in services.values():
            if not service.ends_by_itself:
                self._wait_for(service, "service_healthy")

    def run_once(
        self, service: Service, command: list[str], given: str
    ) -> str:
        """As ``docker compose run --rm``: the same service with another command."""
        (container, *_) = containers_of(service)
        options = ["--rm", "--interactive", f"--name={container}-once"]
        return self.call(
            "run",
            *options,
            *self._told(container, service),
            *command,
            given=given,
        )

    def _start(self, container: str, service: Service) -> None:
        # So that none has the name of another: a worker's health is asked by its host's name.
        own = ["--detach", f"--name={container}", f"--hostname={container}"]
        told = self._told(container, service)
        self.call("run", *own, *told, *service.command)
        self.started[container] = service

    def _told(self, container: str, service: Service) -> list[str]:
        hosts = self.networks.names_seen_from(container)
        return [
            *MODEST,
            f"--cgroup-parent={self.control_group}",
            f"--network=ns:/run/netns/{container}",
            *(f"--add-host={name}:{at}" for name, at in hosts.items()),
            *service.podman_arguments(),
            self.images[service.said["image"]],
        ]

    def _wait_for(self, service: Service, condition: str) -> None:
        for container in containers_of(service):
            if condition == "service_completed_successfully":
                self._wait_for_end(container)
            else:
                self._wait_for_health(container)

    def _wait_for_end(self, container: str) -> None:
        code = self.call("wait", container).strip()
        if code != "0":
            raise Failed(
                f"{container} ended with {code}:\n{self.log(container)}"
            )

    def _wait_for_health(self, container: str) -> None:
        def is_healthy() -> bool:
            if not self.state(container)["Running"]:
                raise Failed(f"{container} ended:\n{self.log(container)}")
            return self.is_healthy(container)

        try:
            wait_until(f"{container} healthy", is_healthy, START_SECONDS)
        except AssertionError as error:
            said = self.last_health[container]
            raise Failed(f"{error}\n{said}\n{self.log(container)}") from error

    def is_healthy(self, container: str) -> bool:
        service = self.started[container]
        asked = [*self.podman, "exec", container, *service.health_command]
        try:
            done = subprocess.run(
                asked,
                capture_output=True,
                text=True,
                check=False,
                timeout=service.health_seconds,
            )
        except subprocess.TimeoutExpired:
            self.last_health[container] = "no answer in time"
            return False
        self.last_health[container] = done.stdout + done.stderr
        return not done.returncode

    def state(self, container: str) -> dict[str, object]:
        (found,) = json.loads(self.call("container", "inspect", container))
        state: dict[str, object] = found["State"]
        return state

    def log(self, container: str) -> str:
        done = subprocess.run(
            [*self.podman, "logs", "--tail=60", container],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return done.stdout

    def lasting(self) -> Iterator[tuple[str, Service]]:
        for container, service in self.started.items():
            if not service.ends_by_itself:
                yield container, service

    def stop_all(self) -> None:
        """In the reverse order; whoever has to be killed has not stopped as it should."""
        killed = []
        for container, service in reversed([*self.lasting()]):
            self.call("stop", container)
            code = self.state(container)["ExitCode"]
            print(f"  {container} stopped ({code})", file=sys.stderr)
            if code == 137:
                killed.append(service.name)
        if killed:
            raise Failed(f"Had to be killed: {', '.join(killed)}")

    def volume(self, name: str) -> Path:
        """Where a volume of the file lies on this machine."""
        (found,) = json.loads(self.call("volume", "inspect", name))
        return Path(found["Mountpoint"])


def containers_of(service: Service) -> list[str]:
    if service.copies == 1:
        return [service.name]
    return [f"{service.name}-{n}" for n in range(1, service.copies + 1)]
