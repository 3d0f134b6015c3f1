"""The settings and data files of a service that lives in the sandbox."""

from __future__ import annotations

import json
import os
from pathlib import Path

from hotline.core.settings import Settings, load_settings
from workers.demo import world
from workers.processes import running


def sandbox_settings() -> Settings:
    """The ordinary settings, with everything outside replaced by the sandbox.

    They are put into the environment too, so that the children of the process tree read the same.
    """
    plain = load_settings()
    isp = plain.port + world.ISP_PORT_OFFSET
    smtp = plain.port + world.SMTP_PORT_OFFSET
    hosts = {site.host: site.address for site in world.SITES}
    given = {
        "SANDBOX": "true",
        "DATA_DIR": str(plain.data_dir / "demo"),
        "FETCH_ALLOWED_NETWORKS": '["127.0.0.0/8"]',
        "FETCH_HOSTS": json.dumps(hosts),
        "CONTROL_URL": f"http://127.0.0.1:{isp}{world.CONTROL_PATH}",
        "RDAP_ENABLED": "false",
        "SMTP_HOST": "127.0.0.1",
        "SMTP_PORT": str(smtp),
        "SMTP_SECURITY": "none",
        "AVAILABILITY_POLICY": "demo",
        # Offices are asked to call: a letter should say by which number.
        "CONTACT_PHONE": "+355 69 000 0001",
        # Whoever walks through it wants to see each letter at once.
        "PACKAGE_AT": "",
        # Nobody should need a telephone to walk through it; what it guards is generated.
        "REQUIRE_SECOND_FACTOR": "false",
        "RETRY_BASE_SECONDS": "1",
    }
    for name, value in given.items():
        os.environ[f"HOTLINE_{name}"] = value
    running.note_environment(
        plain.data_dir,
        {f"HOTLINE_{name}": value for name, value in given.items()},
    )
    settings = load_settings()
    _write_known_networks(settings.data_dir)
    return settings


def _write_known_networks(data_dir: Path) -> None:
    """Tell the look-up whose networks the sandbox's addresses are."""
    data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder = data_dir / "data"
    folder.mkdir(exist_ok=True)
    entries = [
        _describe_network(address, *desk)
        for address, desk in world.ABUSE_DESKS.items()
    ]
    (folder / "known_networks.toml").write_text(
        "\n".join(entries), encoding="utf-8"
    )


def _describe_network(
    address: str, country: str, asn: str, name: str, contact: str
) -> str:
    lines = (
        "[[networks]]",
        f'network = "{address}/32"',
        f'country = "{country}"',
        f'asn = "{asn}"',
        f'name = "{name}"',
        f'abuse_contact = "{contact}"',
        "",
    )
    return "\n".join(lines)
