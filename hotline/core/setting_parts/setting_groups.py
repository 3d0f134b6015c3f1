"""Groups of settings that stand by themselves; ``hotline.core.settings`` joins them."""

from __future__ import annotations

import socket
from datetime import date
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings

from hotline.core.setting_parts import setting_values as values
from hotline.core.storage.servers.pools import KEPT_OPEN, MOST_OPEN, Pools


class HouseSettings(BaseSettings):
    """Who we are, on pages and in letters."""

    country: str = Field(
        "AL", pattern=r"^[A-Z]{2}$", description="Home country, ISO 3166-1."
    )
    languages: tuple[str, ...] = Field(
        (),
        description="Of the public pages, the first by default; the country's own if empty.",
    )
    hotline_name: str = Field(
        "", description="Shown on every page; the country's own by default."
    )
    hotline_domain: str = Field(
        "hotline.example", description="Domain of message identifiers."
    )
    contact_email: str = Field(
        "desk@hotline.example", description="Where partners answer to."
    )
    contact_phone: str = Field(
        "",
        max_length=60,
        pattern=r"^[^\x00-\x1f\x7f]*$",
        description="Where partners call; stands in letters beside the address where it is set.",
    )
    sandbox: bool = Field(
        False,
        description="A trial whose letters reach nobody; set by `hotline demo`.",
    )


class BackupSettings(BaseSettings):
    """Copies of the data and of the keys: where they lie, who can open them, how often."""

    backup_dir: Path | None = Field(
        None,
        description="Archives of the data; <data_dir>/backups by default.",
    )
    backup_keys_dir: Path | None = Field(
        None, description="Archives of the keys; backup_dir by default."
    )
    backup_recipients: dict[str, str] = Field(
        default_factory=dict,
        description="Who can open a backup: two people or more, name -> age1...",
    )
    backup_keys_recipients: dict[str, str] = Field(
        default_factory=dict,
        description="Who can open the keys; backup_recipients by default.",
    )
    backup_hours: float = Field(
        0, ge=0, le=24 * 31, description="Every how many hours; 0: by hand."
    )
    backup_keep_days: int = Field(
        30, ge=1, le=3650, description="Older archives are deleted."
    )
    backup_max_age_hours: float = Field(
        0,
        ge=0,
        le=24 * 366,
        description="From when on /readyz warns; 0: twice backup_hours.",
    )
    backup_required: bool = Field(
        False, description="/readyz answers 503 without a recent backup."
    )
    postgresql_bin: Path | None = Field(
        None, description="Folder of pg_dump and pg_restore."
    )


class MailSettings(BaseSettings):
    """Letters, the mailbox, and the ways to whoever is on duty."""

    smtp_host: str = Field(
        "", description="Empty: no mail leaves; deliveries wait and say so."
    )
    smtp_port: int = Field(25, ge=1, le=65535)
    smtp_security: Literal["none", "starttls", "tls"] = "starttls"
    smtp_user: str = ""
    smtp_password: SecretStr = SecretStr("")
    mail_from: str = "notices@hotline.example"
    imap_host: str = Field("", description="Empty: no mail is read.")
    imap_port: int = Field(993, ge=1, le=65535)
    imap_security: Literal["starttls", "tls"] = "tls"
    imap_user: str = ""
    imap_password: SecretStr = SecretStr("")
    mail_networks: tuple[str, ...] = Field(
        (),
        description="Private networks that the mail servers' names may lead to.",
    )
    imap_folder: str = Field(
        "INBOX", description="Where partners' reports arrive."
    )

    # whoever is on duty
    duty_minutes: int = Field(
        10, ge=1, le=240, description="Until the next person is called."
    )
    sms_url: str = Field(
        "", description="Where an SMS gateway takes messages; empty: no SMS."
    )
    sms_token: SecretStr = SecretStr("")
    sms_number_field: str = Field("to", pattern=r"^\w{1,40}$")
    sms_text_field: str = Field("text", pattern=r"^\w{1,40}$")
    push_url: str = Field(
        "", description="A push server that takes topics, as ntfy does."
    )
    push_token: SecretStr = SecretStr("")


class OversightSettings(BaseSettings):
    """What others need to watch the service, and to tell of its holes."""

    # whoever finds a hole in the service
    security_contacts: tuple[str, ...] = Field(
        (),
        description="For security.txt: mailto:, https:// or tel:, the best first.",
    )
    security_expires: date | None = Field(
        None, description="The last day on which security.txt holds."
    )
    security_policy: str = Field(
        "", description="A page that says how reports of holes are handled."
    )
    security_encryption: str = Field(
        "", description="Where a key for such reports is found."
    )

    # figures of the machine
    metrics_port: int | None = Field(
        None,
        ge=1,
        le=65535,
        description="Port of the figures for Prometheus; none: not served.",
    )
    metrics_host: str = Field(
        "127.0.0.1", description="Address of the figures' port."
    )
    metrics_token: SecretStr = Field(
        SecretStr(""), description="What is to be sent for them as a bearer."
    )

    traces_url: str = Field(
        "",
        description="Where an OpenTelemetry collector takes spans; empty: none are noted.",
    )
    traces_share: float = Field(
        1.0, ge=0, le=1, description="Of requests and jobs that begin a trace."
    )

    @field_validator("security_contacts")
    @classmethod
    def _contacts(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return values.require_contacts(value)

    @model_validator(mode="after")
    def _hang_together(self) -> Self:
        if self.security_contacts and self.security_expires is None:
            raise ValueError(
                "security_contacts needs security_expires: a security.txt has to say how long"
                " it holds"
            )
        if self.metrics_port is not None and not (
            values.is_loopback(self.metrics_host)
            or self.metrics_token.get_secret_value()
        ):
            raise ValueError(
                "figures that leave this machine (metrics_host) need a metrics_token"
            )
        return self


class DatabaseSettings(BaseSettings):
    """How PostgreSQL is reached where several machines share it."""

    database_url: SecretStr = Field(
        SecretStr(""),
        description="SQLAlchemy URL; SQLite in data_dir by default.",
    )
    database_direct_url: SecretStr = Field(
        SecretStr(""),
        description="Past a pool in between, for migrations and backups.",
    )
    database_replica_url: SecretStr = Field(
        SecretStr(""), description="A copy for reading: figures and search."
    )
    database_connections: int = Field(
        MOST_OPEN, ge=2, le=500, description="Most of one process's pool."
    )
    database_connections_kept: int = Field(
        KEPT_OPEN, ge=1, le=500, description="Of these, how many stay open."
    )
    database_shares_sessions: bool = Field(
        False,
        description="A pool gives each transaction another session (PgBouncer).",
    )

    @property
    def pools(self) -> Pools:
        return Pools(
            kept=self.database_connections_kept,
            most=self.database_connections,
            shared=self.database_shares_sessions,
        )

    def direct(self) -> Self:
        """The same, past a pool in between: for what needs a session for itself."""
        if not self.database_direct_url.get_secret_value():
            return self
        return self.model_copy(
            update={
                "database_url": self.database_direct_url,
                # Nothing stands in between any more.
                "database_shares_sessions": False,
            }
        )


class MachineSettings(BaseSettings):
    """What holds where the service runs on several machines."""

    machine_name: str = Field(
        "",
        pattern=r"^[A-Za-z0-9._-]{0,80}$",
        description="This machine among others; its host name by default.",
    )

    redis_ca_file: Path | None = Field(
        None,
        description="Authority of a rediss:// server; the machine's own by default.",
    )
    redis_sentinels: tuple[str, ...] = Field(
        (), description="Sentinels, as host:port, that name the server."
    )
    redis_sentinel_name: str = Field(
        "hotline", min_length=1, description="What they call the server."
    )
    redis_sentinel_password: SecretStr = Field(
        SecretStr(""), description="Of the sentinels themselves."
    )

    @field_validator("redis_sentinels")
    @classmethod
    def _sentinels(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for address in value:
            values.require_host_and_port(address)
        return value

    @model_validator(mode="after")
    def _closed_sentinels(self) -> Self:
        if self.redis_sentinels and not (
            self.redis_sentinel_password.get_secret_value()
        ):
            raise ValueError(
                "redis_sentinels need a redis_sentinel_password: whoever is let in there can"
                " send the service to another server"
            )
        return self

    @property
    def machine(self) -> str:
        # As long as the column that it is stored in.
        return self.machine_name or socket.gethostname()[:80]


class SessionSettings(BaseSettings):
    """People in the console: what they prove, and for how long it holds."""

    require_second_factor: bool = Field(
        True, description="Nobody works in the console without one."
    )
    step_up_minutes: int = Field(
        10,
        ge=1,
        le=240,
        description="How long a proven second factor is enough for sensitive acts.",
    )
    session_idle_minutes: int = Field(
        30, ge=5, le=24 * 60, description="An unused session ends."
    )
    session_hours: int = Field(
        12, ge=1, le=7 * 24, description="Every session ends."
    )
    invitation_hours: int = Field(
        72,
        ge=1,
        le=30 * 24,
        description="How long the link of an invitation opens.",
    )
    oidc_issuer: str = Field(
        "",
        pattern=r"^(https?://[^\s?#]+)?$",
        description="An identity provider (OpenID Connect) to sign in with, too; none if empty.",
    )
    oidc_name: str = Field(
        "the identity provider", description="What people call it."
    )
    oidc_client_id: str = Field(
        "", description="What the provider calls this console."
    )
    oidc_client_secret: SecretStr = Field(
        SecretStr(""), description="Empty for a public client."
    )
    oidc_second_factor: tuple[str, ...] = Field(
        (),
        description="Words of its `acr` or `amr` that spare the second factor at the sign-in.",
    )

    @model_validator(mode="after")
    def _name_the_client(self) -> Self:
        if self.oidc_issuer and not self.oidc_client_id:
            raise ValueError("oidc_issuer needs oidc_client_id")
        return self
