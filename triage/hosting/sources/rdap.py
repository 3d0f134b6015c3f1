"""Who holds an address block or a domain, and where abuse is reported: RDAP and RIPE's abuse-c.

Nothing here raises for what a registry does: an answer that did not come is an observation without
a value, and ``registry_status`` says why. Asked as little as possible: answers are kept for a day,
each server has its own budget, and a server that says "too many" is left alone for as long as it
asks. Memory of one process; losing it costs a few questions more.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from whoisit.bootstrap import _BootstrapWrapper
from whoisit.errors import WhoisItError
from whoisit.parser import parse_vcard
from whoisit.query import QueryBuilder

from hotline.core.datafiles.files import read_bytes
from hotline.core.errors import Misconfigured
from hotline.core.jobs.circuit import SILENCES, pause_after
from hotline.core.network.resolve import Reach
from triage.hosting.facts import FactName, Observation
from triage.hosting.sources.http import Answer, exchange_json

#: RIPE validates abuse-c mailboxes every year; elsewhere RIPEstat only repeats what it finds.
_ABUSE_C_CONFIDENCE = 0.95
_RDAP_CONFIDENCE = 0.9
_ECHOED_CONFIDENCE = 0.6

_KEEP_ANSWER = timedelta(days=1)
_KEEP_FAILURE = timedelta(minutes=10)
_SILENT = frozenset({"timeout", "dns", "refused", "network"})
_ENTITY_DEPTH = (
    6  # deeper nesting than any registry's; the answer is a stranger's
)


class Budget:
    """``burst`` questions at once to a server, then one each ``interval``; ``now`` is the clock."""

    def __init__(
        self, burst: int = 10, interval: timedelta = timedelta(seconds=1)
    ) -> None:
        self._burst = burst
        self._interval = interval
        self._free_at: dict[str, datetime] = {}
        self._closed_until: dict[str, datetime] = {}
        self._silences: dict[str, int] = {}

    def take_turn(self, server: str, now: datetime) -> bool:
        if now < self._closed_until.get(server, now):
            return False
        # The generic cell rate algorithm: one moment per server stands for the whole bucket.
        start = max(self._free_at.get(server, now), now)
        if start - now > self._interval * (self._burst - 1):
            return False
        self._free_at[server] = start + self._interval
        return True

    def close_server(self, server: str, now: datetime, seconds: int) -> None:
        """The server asked to be left alone."""
        self._closed_until[server] = now + timedelta(
            seconds=min(max(seconds, 60), 86_400)
        )

    def note_answer(
        self, server: str, now: datetime, *, answered: bool
    ) -> None:
        """A server that stays silent some times in a row is left alone for a while: to wait for it
        holds up the look at every item. The registries' answers are a help, no more."""
        if answered:
            self._silences.pop(server, None)
            return
        self._silences[server] = self._silences.get(server, 0) + 1
        if self._silences[server] >= SILENCES:
            self.close_server(
                server,
                now,
                int(pause_after(self._silences[server]).total_seconds()),
            )


@dataclass(frozen=True, slots=True)
class _Kept:
    until: datetime
    observations: tuple[Observation, ...]


class Registry:
    """RDAP by IANA's bootstrap (shipped, dated), and RIPEstat's abuse contact finder.

    ``bootstrap`` (the JSON that ``whoisit`` saves), ``ripestat`` and ``reach`` point it at
    other servers; ``timeout`` in seconds is for a whole exchange.
    """

    def __init__(
        self,
        *,
        bootstrap: str | None = None,
        ripestat: str = "https://stat.ripe.net",
        timeout: float = 8.0,
        budget: Budget | None = None,
        reach: Reach | None = None,
        override_dir: Path | None = None,
        keep: int = 10_000,
    ) -> None:
        self._servers = _query_builder(
            bootstrap,
            override_dir,
            allow_insecure=bool(reach and reach.allowed_networks),
        )
        self._ripestat = ripestat.rstrip("/")
        self._timeout = timeout
        self._budget = budget or Budget()
        self._reach = reach or Reach()
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._keep = keep

    def observe_network(
        self, address: str, now: datetime
    ) -> tuple[Observation, ...]:
        """network_name, network_range, registered_country, abuse_contact of an address's block."""
        return self._ask_once_a_day(
            f"ip {address}", now, lambda: self._ask_network(address, now)
        )

    def observe_domain(
        self, domain: str, now: datetime
    ) -> tuple[Observation, ...]:
        """registrar and registrar_abuse_contact of a registrable domain."""
        return self._ask_once_a_day(
            f"domain {domain}", now, lambda: self._ask_domain(domain, now)
        )

    def _ask_once_a_day(
        self, key: str, now: datetime, ask: Any
    ) -> tuple[Observation, ...]:
        kept = self._kept.get(key)
        if kept is not None and now < kept.until:
            self._kept.move_to_end(key)
            return kept.observations
        observations: tuple[Observation, ...] = ask()
        failed = any(o.fact == FactName.REGISTRY_STATUS for o in observations)
        lifetime = _KEEP_FAILURE if failed else _KEEP_ANSWER
        self._kept[key] = _Kept(now + lifetime, observations)
        while len(self._kept) > self._keep:
            self._kept.popitem(last=False)
        return observations

    def _ask_network(
        self, address: str, now: datetime
    ) -> tuple[Observation, ...]:
        answer, source = self._ask_rdap("ip", address, now)
        facts: list[Observation] = []
        if answer.error:
            facts.append(
                Observation(
                    FactName.REGISTRY_STATUS,
                    answer.error,
                    source,
                    now,
                    1.0,
                    address,
                )
            )
        else:
            facts += _network_facts(answer.data, address, source, now)
        if answer.error or _is_ripe(answer):
            facts += self._ask_ripestat(address, now)
        if not any(fact.fact == FactName.ABUSE_CONTACT for fact in facts):
            facts.append(
                Observation(
                    FactName.ABUSE_CONTACT, None, source, now, 0.0, address
                )
            )
        return tuple(facts)

    def _ask_domain(
        self, domain: str, now: datetime
    ) -> tuple[Observation, ...]:
        answer, source = self._ask_rdap("domain", domain, now)
        if answer.error:
            return (
                Observation(
                    FactName.REGISTRAR, None, source, now, 0.0, domain
                ),
                Observation(
                    FactName.REGISTRY_STATUS,
                    answer.error,
                    source,
                    now,
                    1.0,
                    domain,
                ),
            )
        registrars = [
            _name_of(e)
            for e, roles, _ in _walk_entities(answer.data)
            if "registrar" in roles
        ]
        contacts = _abuse_mailboxes(answer.data, under="registrar")
        registrar = next((name for name in registrars if name), None)
        contact = contacts[0] if contacts else None
        return tuple(
            Observation(
                fact,
                value,
                source,
                now,
                _RDAP_CONFIDENCE if value else 0.0,
                domain,
            )
            for fact, value in (
                (FactName.REGISTRAR, registrar),
                (FactName.REGISTRAR_ABUSE_CONTACT, contact),
            )
        )

    def _ask_rdap(
        self, kind: str, value: str, now: datetime
    ) -> tuple[Answer, str]:
        """(answer, source). ``answer.error`` is set for everything but a usable object."""
        try:
            _, url, _ = self._servers.build(kind, value)
        except (
            WhoisItError
        ):  # no RDAP server for this name, or an address nobody was given
            return Answer(0, None, "", "no_server"), "RDAP bootstrap"
        answer = self._ask_server(url, now)
        source = f"RDAP {urlsplit(answer.url).hostname}"
        if not answer.error and not isinstance(answer.data, dict):
            answer = Answer(answer.status, None, answer.url, "malformed")
        return answer, source

    def _ask_ripestat(self, address: str, now: datetime) -> list[Observation]:
        """RIPEstat: ``data.abuse_contacts`` and ``data.authoritative_rir``."""
        url = f"{self._ripestat}/data/abuse-contact-finder/data.json?resource={quote(address)}"
        answer = self._ask_server(url, now)
        data = (
            answer.data.get("data") if isinstance(answer.data, dict) else None
        )
        if answer.error or not isinstance(data, dict):
            return []
        ripe = data.get("authoritative_rir") == "ripe"
        confidence = _ABUSE_C_CONFIDENCE if ripe else _ECHOED_CONFIDENCE
        source = "RIPEstat abuse-c"
        found = data.get("abuse_contacts")
        return [
            Observation(
                FactName.ABUSE_CONTACT,
                mailbox,
                source,
                now,
                confidence,
                address,
            )
            for mailbox in (found if isinstance(found, list) else [])
            if _is_mailbox(mailbox)
        ]

    def _ask_server(self, url: str, now: datetime) -> Answer:
        server = urlsplit(url).netloc
        if not self._budget.take_turn(server, now):
            return Answer(0, None, url, "rate_limited")
        answer = exchange_json(url, timeout=self._timeout, reach=self._reach)
        self._budget.note_answer(
            server, now, answered=answer.error not in _SILENT
        )
        if answer.status in (429, 503):
            self._budget.close_server(
                urlsplit(answer.url).netloc, now, answer.retry_after
            )
        if answer.error or answer.status == 200:
            return answer
        slug = {404: "not_found", 429: "rate_limited"}.get(
            answer.status, f"http_{answer.status}"
        )
        return Answer(answer.status, None, answer.url, slug)


def _query_builder(
    bootstrap: str | None, override_dir: Path | None, *, allow_insecure: bool
) -> QueryBuilder:
    if bootstrap is None:
        raw = read_bytes("triage.hosting", "rdap_bootstrap.json", override_dir)
        bootstrap = raw.decode("utf-8", "replace")
    servers = _BootstrapWrapper()
    try:
        servers.load_bootstrap_data(
            bootstrap, overrides=True, allow_insecure=allow_insecure
        )
    except (
        WhoisItError,
        ValueError,
        TypeError,
        json.JSONDecodeError,
    ) as error:
        raise Misconfigured(
            f"The RDAP bootstrap data cannot be read: {error}."
        ) from error
    return QueryBuilder(servers)


def _network_facts(
    data: Mapping[str, Any], address: str, source: str, now: datetime
) -> Iterator[Observation]:
    def observe_value(
        fact: FactName, value: Any, confidence: float = _RDAP_CONFIDENCE
    ) -> Observation:
        return Observation(fact, str(value), source, now, confidence, address)

    if isinstance(data.get("name"), str):
        yield observe_value(FactName.NETWORK_NAME, data["name"])
    first, last = data.get("startAddress"), data.get("endAddress")
    if _is_range(first, last, address):
        yield observe_value(FactName.NETWORK_RANGE, f"{first}-{last}")
    country = data.get("country")
    if isinstance(country, str) and len(country) == 2 and country.isalpha():
        yield observe_value(FactName.REGISTERED_COUNTRY, country.upper())
    for mailbox in _abuse_mailboxes(data):
        yield observe_value(FactName.ABUSE_CONTACT, mailbox)


def _is_range(first: Any, last: Any, address: str) -> bool:
    try:
        low, high, inside = (
            int(ip_address(text)) for text in (first, last, address)
        )
    except ValueError:
        return False
    return low <= inside <= high


def _is_ripe(answer: Answer) -> bool:
    server = urlsplit(answer.url).hostname or ""
    return (
        server.endswith(".ripe.net")
        or answer.data.get("port43") == "whois.ripe.net"
    )


def _walk_entities(
    holder: Any,
    above: frozenset[str] = frozenset(),
    depth: int = _ENTITY_DEPTH,
) -> Iterator[tuple[Mapping[str, Any], frozenset[str], frozenset[str]]]:
    """(entity, its roles, roles of all entities that it is nested under), outermost first."""
    listed = holder.get("entities") if isinstance(holder, dict) else None
    entities = (
        [e for e in listed if isinstance(e, dict)]
        if isinstance(listed, list)
        else []
    )
    for entity in entities:
        roles = entity.get("roles")
        own = (
            frozenset(str(r).lower() for r in roles)
            if isinstance(roles, list)
            else frozenset()
        )
        yield entity, own, above
        if depth:
            yield from _walk_entities(entity, above | own, depth - 1)


def _abuse_mailboxes(data: Any, under: str | None = None) -> list[str]:
    """Mailboxes of all entities with the role "abuse", nearest first, each once.

    ``under="registrar"`` asks for those of the registrar: nested in it (RFC 9083 leaves the place
    open) or, where none is, at the top beside it.
    """
    found = [
        (entity, above)
        for entity, roles, above in _walk_entities(data)
        if "abuse" in roles
    ]
    nested = [entity for entity, above in found if under in above]
    chosen = (
        nested
        if under is not None and nested
        else [entity for entity, _ in found]
    )
    mailboxes: dict[str, None] = {}
    for entity in chosen:
        card = parse_vcard(entity.get("vcardArray")) or {}
        mailboxes.update(
            {m: None for m in card.get("emails", []) if _is_mailbox(m)}
        )
    return list(mailboxes)


def _name_of(entity: Mapping[str, Any]) -> str | None:
    card = parse_vcard(entity.get("vcardArray")) or {}
    name = card.get("name")
    return name[:200] if isinstance(name, str) and name else None


def _is_mailbox(value: Any) -> bool:
    """Enough to refuse what would break a mail header; whether it receives is known by trying."""
    if (
        not isinstance(value, str)
        or not 3 <= len(value) <= 254
        or value.count("@") != 1
    ):
        return False
    local, _, domain = value.partition("@")
    return (
        bool(local)
        and "." in domain
        and value.isprintable()
        and " " not in value
    )
