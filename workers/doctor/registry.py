"""The checks of ``hotline doctor``, in the order in which they are told.

A check is one function that takes the installation and returns a finding, in a module of
``workers.doctor.checks``. A new one is that function and a row here. It touches nothing, and ends
by itself well within its seconds; one that does not is told as failed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from workers.doctor.checks import (
    data,
    house,
    keys,
    machine,
    mail,
    network,
    stores,
    times,
)
from workers.doctor.finding import Finding
from workers.doctor.installation import Installation


class Check(NamedTuple):
    """``seconds``: how long its answer is waited for."""

    name: str
    look: Callable[[Installation], Finding]
    seconds: float = 10.0


CHECKS = (
    Check("database", stores.look_at_database),
    Check("migrations", stores.look_at_migrations),
    Check("replica", stores.look_at_replica),
    Check("redis", stores.look_at_redis),
    Check("disk", machine.look_at_disk),
    Check("clock", times.look_at_clock),
    Check("time_zone", times.look_at_time_zone),
    Check("dns", network.look_at_names),
    Check("fetching", network.look_at_fetching, 45.0),
    Check("rdap", network.look_at_registries, 30.0),
    Check("smtp", mail.look_at_mail_server, 40.0),
    Check("imap", mail.look_at_mailbox, 35.0),
    Check("fonts", machine.look_at_fonts),
    Check("keys", keys.look_at_keys),
    Check("secret_files", keys.look_at_secret_files),
    Check("sandbox", machine.look_at_sandbox, 45.0),
    Check("placeholders", house.look_at_placeholders),
    Check("data_files", data.look_at_data_files, 20.0),
    Check("rules", data.look_at_rules, 20.0),
    Check("known_hashes", data.look_at_known_hashes, 20.0),
    Check("work", house.look_at_work),
    Check("audit_seal", house.look_at_sealing),
    Check("backup", house.look_at_backups),
    Check("machines", house.look_at_machines),
    Check("silent_servers", house.look_at_silent_servers),
    Check("security_txt", house.look_at_security_txt),
)
