"""What compose.yaml says, as arguments of podman: so that what is tested is the file itself.

A key that is not known here is an error: nothing that the file promises is passed over in silence.
What podman is not told stands in ``NOT_TOLD``, with the reason.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

NOT_TOLD = {
    "build": "the image is built before",
    "image": "handed over by whoever starts it: a stand-in, or the image just built",
    "profiles": "asked with `is_wanted`",
    "depends_on": "asked with `waits_for`",
    "networks": "each service gets a network namespace with just these links",
    "ports": "the walk comes from the networks' gateway, as a reverse proxy does",
    "command": "comes last, behind the image",
    "deploy": "asked with `copies`",
    "restart": "one that ends by itself is a failure of the test",
    "logging": "whoever starts it keeps all of the log",
    "healthcheck": "asked with `health_command`: podman's own clock for it needs systemd",
}

HEALTH_KEYS = {"test", "interval", "timeout", "retries", "start_period"}


class UnknownSetting(ValueError):
    """The file says something that this translation does not know."""


@dataclass(frozen=True, slots=True)
class Places:
    """Where on this machine things are that the file names."""

    folder: Path
    """The folder that the file's relative paths begin at."""
    environment: dict[str, str]
    """What the file's ``${NAME:-default}`` is asked of."""


@dataclass(frozen=True, slots=True)
class Service:
    """One service of the file."""

    name: str
    said: dict[str, Any]
    files: dict[str, Path]
    """The file behind each secret and each config."""

    @property
    def networks(self) -> tuple[str, ...]:
        return tuple(self.said["networks"])

    @property
    def command(self) -> list[str]:
        return [str(word) for word in self.said.get("command", [])]

    @property
    def copies(self) -> int:
        return int(self.said.get("deploy", {}).get("replicas", 1))

    @property
    def health_command(self) -> list[str]:
        """What an engine calls in the container to ask how it is."""
        check = self.said["healthcheck"]
        kind, *words = check["test"]
        unknown = set(check) - HEALTH_KEYS
        if unknown or kind not in ("CMD", "CMD-SHELL"):
            raise UnknownSetting(f"{self.name}: healthcheck {unknown or kind}")
        return words if kind == "CMD" else ["/bin/sh", "-c", *words]

    @property
    def health_seconds(self) -> int:
        """How long the answer may take."""
        return seconds_of(self.said["healthcheck"]["timeout"])

    @property
    def ends_by_itself(self) -> bool:
        return self.said.get("restart") == "no"

    @property
    def waits_for(self) -> dict[str, str]:
        """The services before this one, and what each must have become."""
        wanted = self.said.get("depends_on", {})
        return {name: entry["condition"] for name, entry in wanted.items()}

    def is_wanted(self, profiles: set[str]) -> bool:
        own = set(self.said.get("profiles", []))
        return not own or bool(own & profiles)

    def podman_arguments(self) -> list[str]:
        """All that ``podman run`` is told of this service, but its image, command and links."""
        arguments: list[str] = []
        for key, value in self.said.items():
            if key in NOT_TOLD:
                continue
            if key not in TRANSLATIONS:
                raise UnknownSetting(
                    f"{self.name}: {key!r} is not known to scripts/image/compose_file.py"
                )
            arguments += TRANSLATIONS[key](self, value)
        return arguments


def read_services(file: Path, places: Places) -> dict[str, Service]:
    """Every service of the file, by its name."""
    document = yaml.safe_load(file.read_text())
    files: dict[str, Path] = {}
    for kind in ("secrets", "configs"):
        for name, entry in document[kind].items():
            named = fill_in_variables(entry["file"], places.environment)
            files[name] = (places.folder / named).resolve()
    return {
        name: Service(name, said, files)
        for name, said in document["services"].items()
    }


def fill_in_variables(text: str, environment: dict[str, str]) -> str:
    """``${NAME:-default}`` as Compose understands it."""
    return re.sub(
        r"\$\{(\w+):-([^}]*)\}",
        lambda match: environment.get(match[1]) or match[2],
        text,
    )


def seconds_of(duration: str) -> int:
    """``1m30s`` in seconds."""
    if not re.fullmatch(r"(\d+[hms])+", duration):
        raise UnknownSetting(f"{duration!r} is no duration")
    units = {"h": 3600, "m": 60, "s": 1}
    found = re.findall(r"(\d+)([hms])", duration)
    return sum(int(number) * units[unit] for number, unit in found)


def bytes_of(size: str) -> int:
    """``64m`` in bytes."""
    found = re.fullmatch(r"(\d+)([kmg])", size)
    if not found:
        raise UnknownSetting(f"{size!r} is no size")
    return int(found[1]) * 1024 ** ("kmg".index(found[2]) + 1)


def start_order(services: dict[str, Service]) -> Iterator[Service]:
    """Whom others wait for comes first."""
    started: set[str] = set()
    while len(started) < len(services):
        ready = [
            service
            for name, service in services.items()
            if name not in started and started.issuperset(service.waits_for)
        ]
        if not ready:
            raise UnknownSetting(
                "These services wait for each other in a circle."
            )
        for service in ready:
            started.add(service.name)
            yield service


# --- One translation for each key


def _switch(option: str) -> Any:
    return lambda _, value: [option] if value else []


def _option(option: str) -> Any:
    return lambda _, value: [f"{option}={value}"]


def _each(option: str) -> Any:
    return lambda _, values: [f"{option}={value}" for value in values]


def _read_only(_: Service, value: bool) -> list[str]:
    # Podman by itself would make /run, /tmp and /var/tmp writable again.
    return ["--read-only", "--read-only-tmpfs=false"] if value else []


def _limits(_: Service, limits: dict[str, int]) -> list[str]:
    return [f"--ulimit={name}={most}:{most}" for name, most in limits.items()]


def _environment(_: Service, variables: dict[str, str]) -> list[str]:
    return [f"--env={name}={value}" for name, value in variables.items()]


def _secrets(service: Service, names: list[str]) -> list[str]:
    return [
        f"--volume={service.files[name]}:/run/secrets/{name}:ro"
        for name in names
    ]


def _configs(service: Service, entries: list[dict[str, str]]) -> list[str]:
    return [
        f"--volume={service.files[entry['source']]}:{entry['target']}:ro"
        for entry in entries
    ]


def _stop_grace_period(_: Service, period: str) -> list[str]:
    return [f"--stop-timeout={seconds_of(period)}"]


TRANSLATIONS: dict[str, Any] = {
    "init": _switch("--init"),
    "read_only": _read_only,
    "user": _option("--user"),
    "cap_drop": _each("--cap-drop"),
    "security_opt": _each("--security-opt"),
    "ulimits": _limits,
    "pids_limit": _option("--pids-limit"),
    "mem_limit": _option("--memory"),
    "memswap_limit": _option("--memory-swap"),
    "shm_size": _option("--shm-size"),
    "environment": _environment,
    "configs": _configs,
    "secrets": _secrets,
    "volumes": _each("--volume"),
    "tmpfs": _each("--tmpfs"),
    "stop_grace_period": _stop_grace_period,
}
