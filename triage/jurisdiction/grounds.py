"""Which country could prosecute, and on what ground: facts held against each country's law.

Three-valued throughout (yes, no, unknown): a missing fact never becomes a "no", and a law that was
not verified never becomes a "yes". Grounds follow the Lanzarote Convention, Art. 25.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from triage.jurisdiction.facts import Facts
from triage.jurisdiction.messages import Reason
from triage.jurisdiction.rules import GroundRule, Rules
from triage.jurisdiction.vocabulary import Answer, Condition, GroundName


@dataclass(frozen=True, slots=True)
class Finding:
    """One ground of one country, with its reasons; not yet in any language."""

    country: str
    ground: GroundName
    basis: str
    status: Answer
    reasons: tuple[Reason, ...]


def assess_grounds(facts: Facts, rules: Rules) -> tuple[Finding, ...]:
    """Every ground of home's law; of other countries what the facts point to. Home comes first.

    A country that the facts name but that has no rules is listed too, as unknown.
    """
    home = facts.home
    named = {country for _, country in facts.places()}
    with_rules = rules.countries.keys()
    findings: list[Finding] = []
    if home is not None and home in with_rules:
        findings += _assess_home(home, facts, rules)
    # Sorted: the same facts must give the same answer, word for word.
    for country in sorted(named & with_rules - {home}):
        findings += _assess_foreign(country, facts, rules)
    concerned = named if home is None else named | {home}
    for country in sorted(concerned - with_rules):
        findings.append(_state_no_rules(country, facts))
    return tuple(findings)


def _assess_home(home: str, facts: Facts, rules: Rules) -> Iterator[Finding]:
    for rule in rules.countries[home].grounds:
        yield _assess_ground(rule, home, facts)


def _assess_foreign(
    country: str, facts: Facts, rules: Rules
) -> Iterator[Finding]:
    for rule in rules.countries[country].grounds:
        # Of another country only what points there: all of its grounds would be a wall of "no".
        if any(facts.place(path) == country for path in rule.facts):
            yield _assess_ground(rule, country, facts)


def _state_no_rules(country: str, facts: Facts) -> Finding:
    pointing = tuple(
        path for path, named in facts.places() if named == country
    )
    reason = Reason("ground.no_rules", facts=pointing, countries=(country,))
    return Finding(
        country, GroundName.NOT_ASSESSED, "", Answer.UNKNOWN, (reason,)
    )


def _assess_ground(rule: GroundRule, country: str, facts: Facts) -> Finding:
    status, reasons = _judge_rule(rule, country, facts)
    if not rule.verified:
        reasons = (*reasons, Reason("ground.not_verified"))
    return Finding(country, rule.ground, rule.basis, status, reasons)


def _judge_rule(
    rule: GroundRule, country: str, facts: Facts
) -> tuple[Answer, tuple[Reason, ...]]:
    here = (country,)
    # Before the facts: none of them can add to the law what it does not have.
    if rule.law is Answer.NO:
        return Answer.NO, (Reason("ground.law_no", countries=here),)
    pointing = tuple(
        path for path in rule.facts if facts.place(path) == country
    )
    missing = tuple(path for path in rule.facts if facts.place(path) is None)
    if rule.facts and not pointing:
        # What is not known yet may still lead here, so only known facts can say "no".
        if missing:
            reason = Reason("ground.missing", facts=missing, countries=here)
            return Answer.UNKNOWN, (reason,)
        reason = Reason("ground.elsewhere", facts=rule.facts, countries=here)
        return Answer.NO, (reason,)
    met: tuple[Reason, ...] = ()
    if pointing:
        met = (Reason("ground.met", facts=pointing, countries=here),)
    if rule.law is Answer.UNKNOWN:
        return Answer.UNKNOWN, (
            *met,
            Reason("ground.law_unknown", countries=here),
        )
    if not rule.facts:
        return Answer.YES, (Reason("ground.law_yes", countries=here),)
    return _judge_conditions(rule, country, facts, met)


def _judge_conditions(
    rule: GroundRule, country: str, facts: Facts, met: tuple[Reason, ...]
) -> tuple[Answer, tuple[Reason, ...]]:
    answers = []
    reasons = list(met)
    for condition in rule.conditions:
        answer = _judge_condition(condition, country, facts)
        answers.append(answer)
        reasons.append(
            Reason(f"condition.{condition}_{CONDITION_KEYS[answer]}")
        )
    # One "no" decides; an open question only keeps the rest from a "yes".
    if Answer.NO in answers:
        return Answer.NO, tuple(reasons)
    if Answer.UNKNOWN in answers:
        return Answer.UNKNOWN, tuple(reasons)
    return Answer.YES, tuple(reasons)


CONDITION_KEYS = {
    Answer.YES: "met",
    Answer.UNKNOWN: "open",
    Answer.NO: "missed",
}
"""How the files of messages call the answers to a condition."""


def _judge_condition(
    condition: Condition, country: str, facts: Facts
) -> Answer:
    suspect = facts.suspect
    if condition is Condition.DUAL_CRIMINALITY:
        if suspect.conduct_punishable_there is None:
            return Answer.UNKNOWN
        return Answer.YES if suspect.conduct_punishable_there else Answer.NO
    # Somebody who is elsewhere may still be extradited: absence leaves the question open.
    return Answer.YES if suspect.country == country else Answer.UNKNOWN
