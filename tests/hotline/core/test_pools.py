"""What the driver is told of connections, and that the URL has the last word."""

from __future__ import annotations

from sqlalchemy import make_url

from hotline.core.settings import load_settings
from hotline.core.storage.servers.pools import Pools, connection_options

URL = make_url("postgresql+psycopg://hotline@database.example/hotline")


def test_a_cut_is_noticed_on_both_sides() -> None:
    options = connection_options(URL, shared=False)
    assert options["tcp_user_timeout"] == 20_000
    assert "-c tcp_keepalives_idle=10" in options["options"]
    assert "prepare_threshold" not in options


def test_a_pool_in_between_takes_no_options_and_no_prepared_statements() -> (
    None
):
    options = connection_options(URL, shared=True)
    assert "options" not in options
    assert options["prepare_threshold"] is None


def test_what_the_url_says_is_left_as_it_is() -> None:
    said = {"connect_timeout": "30", "options": "-c lock_timeout=5s"}
    options = connection_options(URL.update_query_dict(said), shared=False)
    assert not said.keys() & options.keys()


def test_settings_become_limits() -> None:
    settings = load_settings(
        database_connections=4, database_connections_kept=10
    )
    options = settings.pools.engine_options()
    assert (options["pool_size"], options["max_overflow"]) == (4, 0)
    assert Pools().engine_options()["max_overflow"] == 20


def test_migrations_and_backups_go_past_the_pool() -> None:
    settings = load_settings(
        database_url="postgresql://pool.example/hotline",
        database_direct_url="postgresql://database.example/hotline",
        database_shares_sessions=True,
    )
    direct = settings.direct()
    assert "database.example" in direct.database_url.get_secret_value()
    assert not direct.pools.shared
    assert (
        load_settings().direct().database_direct_url.get_secret_value() == ""
    )
