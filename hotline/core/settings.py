"""Settings: one frozen, typed object from the environment and an optional TOML file.

Every name may be given as ``HOTLINE_<NAME>`` or in the file that ``HOTLINE_CONFIG`` names (default
``hotline.toml`` in the working directory, if there is one). All faults are reported at once.
Keys are never settings: they live as files in ``secrets_dir``; see ``hotline.core.storage.crypto``.
"""

from __future__ import annotations

import ipaddress
import os
from pathlib import Path
from typing import Literal, Self
from urllib.parse import quote

from pydantic import (
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from hotline.core import USER_AGENT
from hotline.core.errors import Misconfigured
from hotline.core.setting_parts import setting_values as values
from hotline.core.setting_parts.setting_groups import (
    BackupSettings,
    DatabaseSettings,
    HouseSettings,
    MachineSettings,
    MailSettings,
    OversightSettings,
    SessionSettings,
)

Audience = Literal["public", "console", "provider"]
ALL_AUDIENCES: tuple[Audience, ...] = ("public", "console", "provider")
CONFIG_VARIABLE = "HOTLINE_CONFIG"
DEFAULT_FILE = "hotline.toml"
"""In the working directory."""
SOCKET = "redis.sock"
"""Name of the embedded Redis's socket in ``run_dir``."""
TOR_ROUTE = "tor"
"""The name under which an item may be fetched by ``tor_proxy``."""


class Settings(
    BackupSettings,
    DatabaseSettings,
    HouseSettings,
    MachineSettings,
    MailSettings,
    OversightSettings,
    SessionSettings,
):
    """Read once at start by ``load_settings`` and passed on."""

    model_config = SettingsConfigDict(
        env_prefix="HOTLINE_",
        frozen=True,
        extra="forbid",
        env_nested_delimiter=None,
        hide_input_in_errors=True,
    )

    # where things are
    data_dir: Path = Field(
        Path("var"),
        description="Database, keys, indexes, logs of the service.",
    )
    secrets_dir: Path | None = Field(
        None, description="Key files; <data_dir>/secrets by default."
    )
    key_command: tuple[str, ...] = Field(
        (),
        description="Prints the keys of a secret store; instead of key files.",
    )
    redis_url: SecretStr = Field(
        SecretStr(""),
        description="Redis URL; empty: an embedded Redis is started by `hotline up`.",
    )

    # web
    host: str = Field(
        "127.0.0.1", description="Address that the web server binds."
    )
    port: int = Field(8000, ge=1, le=65535)
    public_url: str = Field(
        "", description="How people reach the public pages; no trailing slash."
    )
    provider_url: str = Field(
        "", description="How hosts reach their pages; public_url by default."
    )
    console_url: str = Field(
        "", description="How staff reach the console; public_url by default."
    )
    audiences: tuple[Audience, ...] = Field(
        ALL_AUDIENCES, description="Apps that `web` serves."
    )
    secure_cookies: bool | None = Field(
        None, description="None: as public_url's scheme says."
    )
    web_workers: int = Field(2, ge=1, le=64)
    web_threads: int = Field(4, ge=1, le=64)
    trusted_proxies: int = Field(
        0, ge=0, le=5, description="Reverse proxies in front, for scheme."
    )

    # work
    workers: int = Field(
        2,
        ge=1,
        le=64,
        description="Processes of `up` that look at reported locations.",
    )
    tick_seconds: float = Field(
        1.0, gt=0, le=60, description="How often the scheduler looks."
    )
    job_attempts: int = Field(
        8, ge=1, le=50, description="Tries before a job waits for a person."
    )
    retry_base_seconds: float = Field(
        5.0, gt=0, description="First wait; doubles, with jitter."
    )
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    # fetching and looking up
    fetch_allowed_networks: tuple[str, ...] = Field(
        (),
        description="Private networks that may be fetched from all the same; for a sandbox.",
    )
    fetch_hosts: dict[str, str] = Field(
        default_factory=dict,
        description="Fixed addresses of host names; for a sandbox.",
    )
    dns_server: str = Field(
        "", description="address:port; the system's resolver by default."
    )
    country_mmdb: Path | None = None
    asn_mmdb: Path | None = None
    asn_csv: Path | None = Field(
        None, description="AS numbers as CSV, or a folder of such files."
    )
    time_server: str = Field(
        "",
        description="name:port of an NTP server that `hotline doctor` compares the clock with.",
    )
    rdap_enabled: bool = Field(
        True, description="Ask RDAP and RIPE for abuse contacts."
    )
    user_agent: str = USER_AGENT
    tor_proxy: str = Field(
        "", description="socks5h://host:port of a Tor client."
    )
    second_vantage_proxy: str = Field(
        "", description="http:// or socks5h:// proxy elsewhere."
    )
    fetch_routes: dict[str, SecretStr] = Field(
        default_factory=dict,
        description="Named ways to fetch by: name -> http:// or socks5h://.",
    )
    control_url: str = Field(
        "", description="A page of ours that shows that our network is up."
    )
    cloudflare_account: str = Field(
        "",
        pattern=r"^[0-9A-Za-z]{0,32}$",
        description="Account id of the abuse reports API.",
    )
    cloudflare_token: SecretStr = Field(
        SecretStr(""),
        description="Its token; empty: notices to Cloudflare go by mail.",
    )
    cloudflare_anonymous: bool = Field(
        False, description="Hosts are not told who reported."
    )

    # rules of the house
    package_at: str = Field(
        "09:00",
        pattern=r"^(([01]\d|2[0-3]):[0-5]\d)?$",
        description="When a day's normal referrals leave; empty: each at once.",
    )
    second_assessment: bool = Field(
        True, description="A second analyst assesses blind."
    )
    second_person: bool = Field(
        True, description="Whoever asks for an act cannot approve it."
    )
    hashlist_upload_mb: int = Field(
        500,
        gt=0,
        le=5000,
        description="The largest file of hashes that comes in through the console.",
    )
    hold_hours: float = Field(
        48.0, gt=0, le=24 * 90, description="Length of a police hold."
    )
    preservation_hours: float = Field(
        24.0,
        ge=0,
        le=24 * 14,
        description="How long a take-down waits for data to be kept first.",
    )
    preservation_hours_danger: float = Field(
        2.0, ge=0, le=24, description="The same, where a child is in danger."
    )
    claim_minutes: int = Field(
        30, ge=1, le=24 * 60, description="Lease of a claimed case."
    )
    availability_policy: str = Field(
        "default", description="A policy of availability.toml."
    )
    notice_link_days: int = Field(30, ge=1, le=365)
    retention_contact_days: int = Field(
        90, ge=1, description="Contact data, after closure."
    )
    retention_report_days: int = Field(
        365, ge=1, description="Narratives, after closure."
    )
    retention_unread_days: int = Field(
        180,
        ge=0,
        description="How much longer words that nobody read are kept.",
    )
    keep_work_days: int = Field(
        90, ge=30, description="Done work, in the database."
    )
    keep_visits: int = Field(
        500, ge=100, description="Checks of one location; the newest count."
    )
    keep_observations_days: int = Field(
        365,
        ge=30,
        description="Facts about hosting that newer ones replaced.",
    )
    keep_deliveries_days: int = Field(
        1825, ge=365, description="What left, once it is settled."
    )
    audit_heads_file: Path | None = Field(
        None, description="Outside the database, append-only."
    )

    @field_validator(
        *("public_url", "provider_url", "console_url"),
        # Paths are put behind it, and begin with a slash themselves.
        *("control_url", "sms_url", "push_url", "security_policy"),
        "traces_url",
    )
    @classmethod
    def _plain_url(cls, value: str) -> str:
        if value and not value.startswith(("http://", "https://")):
            raise ValueError("must start with http:// or https://")
        return value.rstrip("/")

    @field_validator("redis_url")
    @classmethod
    def _closed_redis(cls, value: SecretStr) -> SecretStr:
        return values.require_closed_redis(value)

    @field_validator("dns_server", "time_server")
    @classmethod
    def _host_and_port(cls, value: str) -> str:
        return values.require_host_and_port(value)

    @field_validator("fetch_routes")
    @classmethod
    def _ways(cls, value: dict[str, SecretStr]) -> dict[str, SecretStr]:
        return values.require_routes(value, reserved=TOR_ROUTE)

    @field_validator("fetch_allowed_networks", "mail_networks")
    @classmethod
    def _networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for network in value:
            ipaddress.ip_network(network)
        return value

    @model_validator(mode="after")
    def _defaults(self) -> Self:
        # Frozen for everybody else; what follows from other settings can only be filled in here.
        def put(name: str, value: object) -> None:
            object.__setattr__(self, name, value)

        put("data_dir", self.data_dir.absolute())
        if self.secrets_dir is None:
            put("secrets_dir", self.data_dir / "secrets")
        if self.audit_heads_file is None:
            put("audit_heads_file", self.data_dir / "audit-heads.jsonl")
        if self.backup_dir is None:
            put("backup_dir", self.data_dir / "backups")
        if self.backup_keys_dir is None:
            put("backup_keys_dir", self.backup_dir)
        if not self.database_url.get_secret_value():
            put(
                "database_url",
                SecretStr(f"sqlite:///{self.data_dir / 'hotline.db'}"),
            )
        if not self.public_url:
            put("public_url", f"http://{self.bound_to}")
        for name in ("provider_url", "console_url"):
            if not getattr(self, name):
                put(name, self.public_url)
        if self.redis_sentinels and not values.is_by_tcp(self.redis_url):
            raise ValueError(
                "redis_sentinels need a redis_url by TCP with the server's user and password"
            )
        if self.secure_cookies is None:
            put("secure_cookies", self.public_url.startswith("https://"))
        return self

    @property
    def bound_to(self) -> str:
        # A server listens on all addresses at once; nobody can call it by
        # these names.
        """Address and port that the web server binds, as a URL has them."""
        return f"{_in_url(self.host)}:{self.port}"

    @property
    def reached_at(self) -> str:
        """Address and port by which this machine itself reaches the web server."""
        everywhere = {"0.0.0.0": "127.0.0.1", "": "127.0.0.1", "::": "::1"}  # noqa: S104
        return f"{_in_url(everywhere.get(self.host, self.host))}:{self.port}"

    @property
    def redis(self) -> str:
        """The Redis URL: the configured one, or the embedded server's socket."""
        configured = self.redis_url.get_secret_value()
        return configured or f"unix://{quote(str(self.run_dir / SOCKET))}"

    @property
    def redis_is_embedded(self) -> bool:
        return not self.redis_url.get_secret_value()

    @property
    def run_dir(self) -> Path:
        """Sockets and the lock file of the running process tree."""
        return self.data_dir / "run"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        toml = TomlConfigSettingsSource(settings_cls, configuration_file())
        return (init_settings, env_settings, file_secret_settings, toml)


def configuration_file() -> Path | None:
    """The TOML file that the settings are read from; None where there is none."""
    named = os.environ.get(CONFIG_VARIABLE)
    path = Path(named or DEFAULT_FILE)
    if path.is_file():
        return path
    if named:
        raise Misconfigured(
            f"{CONFIG_VARIABLE} names {named}, and there is no such file."
        )
    return None


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def load_settings(**overrides: object) -> Settings:
    """The settings, or ``Misconfigured`` naming every fault at once."""
    secrets = os.environ.get("HOTLINE_SECRET_FILES")
    try:
        if secrets:
            # compose and Kubernetes hand secrets over as files named like the setting.
            return Settings(_secrets_dir=secrets, **overrides)  # type: ignore[arg-type, call-arg]
        # Without its cause, which would quote a password.
        return Settings(**overrides)  # type: ignore[arg-type]
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(str(part) for part in fault['loc']) or 'settings'}: {fault['msg']}"
            for fault in error.errors(include_input=False, include_url=False)
        )
        raise Misconfigured(f"Settings: {faults}.") from None
    except ValueError as error:  # a TOML file that cannot be parsed
        raise Misconfigured(
            f"The configuration file cannot be read: {error}."
        ) from None
