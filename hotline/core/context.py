"""What a process of the service holds: settings, keys, vault and database, built once at start."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from hotline.core.datafiles.countries import Country, load_country
from hotline.core.errors import Misconfigured
from hotline.core.language.languages import load_languages
from hotline.core.settings import Settings
from hotline.core.storage.crypto import Vault
from hotline.core.storage.database import Database
from hotline.core.storage.keys.keyring import Keyring
from hotline.core.storage.keys.own_keys import refuse_lost_keys
from hotline.core.storage.servers.replica import Replica


@dataclass(frozen=True)
class Context:
    settings: Settings
    country: Country
    keyring: Keyring
    vault: Vault
    database: Database
    replica: Replica

    @property
    def hotline_name(self) -> str:
        """As the operator calls it, else as its country does; may be empty."""
        return self.settings.hotline_name or self.country.hotline_name

    def close(self) -> None:
        self.replica.dispose()
        self.database.dispose()


def build_context(
    settings: Settings,
    *,
    after_commit: Callable[[list[str]], None] | None = None,
    renewed_keys: Collection[str] = (),
) -> Context:
    """``after_commit`` receives the outbox notes of each committed transaction.

    ``renewed_keys`` are made where they are missing, whatever the database was used with.
    """
    # What people reported lies below it: nobody else on the machine looks in.
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    assert settings.secrets_dir is not None
    database = Database(
        settings.database_url.get_secret_value(),
        after_commit=after_commit,
        pools=settings.pools,
    )
    # Before the keyring, which makes missing keys: new ones would open nothing
    # of what is stored. A key command keeps them elsewhere.
    if not settings.key_command:
        refuse_lost_keys(settings.secrets_dir, database, renewed=renewed_keys)
    keyring = Keyring(settings.secrets_dir, settings.key_command)
    return Context(
        settings=settings,
        country=load_home_country(settings),
        keyring=keyring,
        vault=Vault(keyring),
        database=database,
        replica=Replica(
            database, settings.database_replica_url.get_secret_value()
        ),
    )


def load_home_country(settings: Settings) -> Country:
    """The country of the settings, with the languages that they name in place of its own."""
    country = load_country(settings.country, settings.data_dir)
    if not settings.languages:
        return country
    languages = load_languages(settings.data_dir)
    unknown = [code for code in settings.languages if code not in languages]
    if unknown:
        raise Misconfigured(
            f"languages: there is no {', '.join(unknown)}; there are {', '.join(languages)}."
        )
    return replace(country, languages=settings.languages)


def utc_now() -> datetime:
    """The only clock. Called at the edge (a view, a job, a command) and passed inwards."""
    return datetime.now(UTC)
