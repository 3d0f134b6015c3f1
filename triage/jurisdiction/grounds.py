"""Which country could prosecute, and on what ground: facts held against each country's law.

Three-valued throughout (yes, no, unknown): a missing fact never becomes a "no", and a law that was
not verified never becomes a "yes". Grounds follow the Lanzarote Convention, Art. 25.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from triage.jurisdiction.facts import Facts
from triage.jurisdiction.messages import Reason
from triage.jurisdiction.rules import Condition, GroundRule, Rules, Status


@dataclass(frozen=True, slots=True)
class Finding:
    """One ground of one country, with its reasons; not yet in any language."""

    country: str
    ground: str
    basis: str
    status: Status
    reasons: tuple[Reason, ...]


def findings(facts: Facts, rules: Rules) -> tuple[Finding, ...]:
    """Every ground of home's law; of other countries what the facts point to. Home comes first.

    A country that the facts name but that has no rules is listed too, as unknown.
    """
    home = facts.home
    named = {country for _, country in facts.places()}
    found: list[Finding] = []
    if home is not None and home in rules.countries:
        found += [_finding(rule, home, facts) for rule in rules.countries[home].grounds]
    for code in sorted(named & rules.countries.keys() - {home}):
        found += _foreign(code, facts, rules)
    concerned = named if home is None else named | {home}
    found += [
        _without_rules(code, facts)
        for code in sorted(concerned - rules.countries.keys())
    ]
    return tuple(found)


def _foreign(code: str, facts: Facts, rules: Rules) -> Iterator[Finding]:
    for rule in rules.countries[code].grounds:
        if any(facts.place(path) == code for path in rule.facts):
            yield _finding(rule, code, facts)


def _without_rules(code: str, facts: Facts) -> Finding:
    hits = tuple(path for path, country in facts.places() if country == code)
    reason = Reason("ground.no_rules", facts=hits, countries=(code,))
    return Finding(code, "not_assessed", "", "unknown", (reason,))


def _finding(rule: GroundRule, country: str, facts: Facts) -> Finding:
    status, reasons = _judge(rule, country, facts)
    if not rule.verified:
        reasons = (*reasons, Reason("ground.not_verified"))
    return Finding(country, rule.ground, rule.basis, status, reasons)


def _judge(
    rule: GroundRule, country: str, facts: Facts
) -> tuple[Status, tuple[Reason, ...]]:
    here = (country,)
    if rule.law == "no":
        return "no", (Reason("ground.law_no", countries=here),)
    hits = tuple(path for path in rule.facts if facts.place(path) == country)
    missing = tuple(path for path in rule.facts if facts.place(path) is None)
    if rule.facts and not hits:
        if missing:
            return "unknown", (Reason("ground.missing", facts=missing, countries=here),)
        return "no", (Reason("ground.elsewhere", facts=rule.facts, countries=here),)
    met = (Reason("ground.met", facts=hits, countries=here),) if hits else ()
    if rule.law == "unknown":
        return "unknown", (*met, Reason("ground.law_unknown", countries=here))
    if not rule.facts:
        return "yes", (Reason("ground.law_yes", countries=here),)
    return _with_conditions(rule, country, facts, met)


def _with_conditions(
    rule: GroundRule, country: str, facts: Facts, met: tuple[Reason, ...]
) -> tuple[Status, tuple[Reason, ...]]:
    results = {name: _holds(name, country, facts) for name in rule.conditions}
    reasons = tuple(
        Reason(
            f"condition.{name}_{'met' if holds else 'open' if holds is None else 'missed'}"
        )
        for name, holds in results.items()
    )
    if False in results.values():
        return "no", met + reasons
    return ("unknown" if None in results.values() else "yes"), met + reasons


def _holds(condition: Condition, country: str, facts: Facts) -> bool | None:
    if condition == "dual_criminality":
        return facts.suspect.conduct_punishable_there
    # Somebody who is elsewhere may still be extradited: absence leaves the question open.
    return True if facts.suspect.country == country else None
