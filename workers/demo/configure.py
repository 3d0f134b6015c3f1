"""The settings and data files of a service that lives in the sandbox."""

from __future__ import annotations

import os
from pathlib import Path

from hotline.core.settings import Settings, load_settings
from workers.demo import world


def sandbox_settings() -> Settings:
    """The ordinary settings, with everything outside replaced by the sandbox.

    They are put into the environment too, so that the children of the process tree read the same.
    """
    plain = load_settings()
    isp, smtp = (
        plain.port + world.ISP_PORT_OFFSET,
        plain.port + world.SMTP_PORT_OFFSET,
    )
    hosts = ",".join(f'"{site.host}":"{site.address}"' for site in world.SITES)
    given = {
        "DATA_DIR": str(plain.data_dir / "demo"),
        "FETCH_ALLOWED_NETWORKS": '["127.0.0.0/8"]',
        "FETCH_HOSTS": f"{{{hosts}}}",
        "CONTROL_URL": f"http://127.0.0.1:{isp}{world.CONTROL_PATH}",
        "RDAP_ENABLED": "false",
        "SMTP_HOST": "127.0.0.1",
        "SMTP_PORT": str(smtp),
        "SMTP_SECURITY": "none",
        "AVAILABILITY_POLICY": "demo",
        "RETRY_BASE_SECONDS": "1",
    }
    os.environ.update(
        {f"HOTLINE_{name}": value for name, value in given.items()}
    )
    settings = load_settings()
    _write_known_networks(settings.data_dir)
    return settings


def _write_known_networks(data_dir: Path) -> None:
    """Tell the look-up whose networks the sandbox's addresses are."""
    folder = data_dir / "data"
    folder.mkdir(parents=True, exist_ok=True)
    entries = [
        f'[[networks]]\nnetwork = "{address}/32"\ncountry = "{country}"\nasn = "{asn}"\n'
        f'name = "{name}"\nabuse_contact = "{contact}"\n'
        for address, (country, asn, name, contact) in world.ABUSE_DESKS.items()
    ]
    (folder / "known_networks.toml").write_text(
        "\n".join(entries), encoding="utf-8"
    )
