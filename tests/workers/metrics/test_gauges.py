"""The figures are true, hold no word of a report, and the board and the rules name what exists."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any
from wsgiref.util import setup_testing_defaults

import pytest
import yaml
from prometheus_client import CollectorRegistry, generate_latest
from pydantic import SecretStr

from hotline.core.context import Context, utc_now
from hotline.core.language import counting
from hotline.core.settings import Settings
from hotline.core.storage import outbox
from hotline.core.storage.servers.write_mark import touch_mark
from tests.support.house import House
from workers.metrics import exporter
from workers.metrics.gauges import HouseGauges

DEPLOY = Path(__file__).parents[3] / "deploy"
RULES = DEPLOY / "prometheus" / "alerts.yml"
BOARD = DEPLOY / "grafana" / "hotline.json"
CANARY = "canarybird"
MakeContext = Callable[..., Context]


def read_gauges(of: Context | Settings) -> dict[str, float]:
    settings = of.settings if isinstance(of, Context) else of
    registry = CollectorRegistry()
    registry.register(HouseGauges(settings))
    return {
        f"{sample.name}{sorted(sample.labels.items()) or ''}": sample.value
        for family in registry.collect()
        for sample in family.samples
    }


def test_an_empty_house_has_figures(context: Context) -> None:
    read = read_gauges(context)
    assert read["hotline_database_up"] == 1
    assert read["hotline_reports"] == 0
    assert read["hotline_queue_age_seconds[('pool', 'intake')]"] == 0
    assert read["hotline_index_is_good"] == 1


def test_without_a_database_only_that_is_said(
    make_context: MakeContext,
) -> None:
    context = make_context()
    context.database.dispose()
    for file in context.settings.data_dir.glob("hotline.db*"):
        file.unlink()
    read = read_gauges(context)
    assert read["hotline_database_up"] == 0
    assert "hotline_reports" not in read
    assert read["hotline_disk_free_bytes"] > 0


def test_a_copy_tells_how_far_it_is_behind(context: Context) -> None:
    assert "hotline_replica_up" not in read_gauges(context.settings)
    settings = with_copy(context)
    assert read_gauges(settings)["hotline_replica_up"] == 0
    with context.database.writing() as session:
        touch_mark(session, utc_now() - timedelta(minutes=5))
    read = read_gauges(settings)
    assert read["hotline_replica_up"] == 1
    assert 300 <= read["hotline_replica_lag_seconds"] < 600


def test_work_that_waits_is_told_by_its_kind(context: Context) -> None:
    due = utc_now() - timedelta(minutes=10)
    with context.database.writing() as session:
        for job in ("report.received", "delivery.attempt"):
            outbox.post_work(session, job, key=job, payload={}, now=due)
        outbox.post_work(
            session,
            "webhook.send",
            key="later",
            payload={},
            now=due,
            delay=timedelta(hours=1),
        )
    read = read_gauges(context)
    assert read["hotline_queue_length[('pool', 'intake')]"] == 1
    assert read["hotline_queue_length[('pool', 'webhooks')]"] == 0
    age = read["hotline_queue_age_seconds[('pool', 'sending')]"]
    assert 600 <= age < 700


def test_a_case_is_told_without_a_word_of_it(
    make_context: MakeContext,
) -> None:
    """From the report to the letters to police and host, each with words that could be told."""
    house = House(make_context(package_at=""))
    house.partner("police-al", "police", name=f"Police {CANARY}")
    case = house.case(CANARY, abuse_contact=f"{CANARY}@isp.example")
    house.note_of_people(case, "police", f"A child called {CANARY}")
    house.decide(case, "police")
    assert any(CANARY in message.subject for message in house.mail.messages)
    registry = CollectorRegistry()
    registry.register(HouseGauges(house.context.settings))
    text = generate_latest(registry).decode()
    assert "hotline_referrals{state=" in text
    assert "hotline_holds{state=" in text
    assert CANARY not in text.lower()
    assert ".example" not in text and "@" not in text


# What stands in files for Prometheus and Grafana.


def expressions() -> dict[str, list[str]]:
    rules = yaml.safe_load(RULES.read_text(encoding="utf-8"))
    board = json.loads(BOARD.read_text(encoding="utf-8"))
    return {
        "rules": [
            rule["expr"]
            for group in rules["groups"]
            for rule in group["rules"]
        ],
        "board": [
            target["expr"]
            for panel in board["panels"]
            for target in panel["targets"]
        ],
    }


def with_copy(context: Context) -> Settings:
    """Settings by which the database is its own copy for reading."""
    url = SecretStr(
        context.database.engine.url.render_as_string(hide_password=False)
    )
    return context.settings.model_copy(update={"database_replica_url": url})


def known_metrics(context: Context) -> dict[str, frozenset[str]]:
    """Name -> its labels, of all that is served."""
    known: dict[str, frozenset[str]] = {}
    with context.database.writing() as session:
        touch_mark(session, utc_now())
    registry = CollectorRegistry()
    registry.register(HouseGauges(with_copy(context)))
    for family in registry.collect():
        labels = getattr(family, "_labelnames", ())
        known[family.name] = frozenset(labels)
    for instrument in counting.make_instruments():
        (family,) = instrument.describe()
        labels = frozenset(instrument._labelnames)
        if family.type == "counter":
            known[f"{family.name}_total"] = labels
        else:
            for end in ("bucket", "sum", "count"):
                known[f"{family.name}_{end}"] = labels | {"le"}
    return known


def unknown_in(
    expression: str, known: Mapping[str, frozenset[str]]
) -> Iterator[str]:
    for name, selected in re.findall(
        r"\b(hotline_\w+)(?:\{([^}]*)\})?", expression
    ):
        if name not in known:
            yield name
            continue
        for label in re.findall(r"(\w+)\s*[=!]", selected):
            if label not in known[name]:
                yield f"{name}.{label}"
    labels = frozenset().union(*known.values()) | {"job"}
    for grouped in re.findall(r"\bby \(([^)]*)\)", expression):
        yield from set(re.findall(r"\w+", grouped)) - labels


@pytest.mark.parametrize("where", ["rules", "board"])
def test_every_metric_that_is_named_exists(
    where: str, make_context: MakeContext
) -> None:
    known = known_metrics(make_context())
    given = expressions()[where]
    assert len(given) > 10
    assert [w for one in given for w in unknown_in(one, known)] == []


def test_the_check_of_names_finds_what_is_wrong(
    make_context: MakeContext,
) -> None:
    known = known_metrics(make_context())
    wrong = 'sum by (place) (rate(hotline_fetches_total{host="x"}[5m])) / hotline_no'
    assert set(unknown_in(wrong, known)) == {
        "hotline_fetches_total.host",
        "hotline_no",
        "place",
    }


def test_every_rule_says_what_to_do() -> None:
    rules = yaml.safe_load(RULES.read_text(encoding="utf-8"))
    names = set()
    for group in rules["groups"]:
        for rule in group["rules"]:
            names.add(rule["alert"])
            assert rule["labels"]["severity"] in ("page", "ticket")
            assert rule["annotations"].keys() == {"summary", "action"}
    assert len(names) == sum(len(g["rules"]) for g in rules["groups"])


@pytest.mark.skipif(
    shutil.which("promtool") is None, reason="needs promtool (prometheus)"
)
@pytest.mark.parametrize(
    "arguments",
    [
        ("rules", RULES),
        ("config", RULES.with_name("prometheus.yml")),
    ],
    ids=["rules", "config"],
)
def test_prometheus_takes_the_files(arguments: tuple[str, Path]) -> None:
    kind, path = arguments
    checked = subprocess.run(
        ["promtool", "check", kind, str(path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stderr


def test_the_board_has_a_place_for_each_panel() -> None:
    board = json.loads(BOARD.read_text(encoding="utf-8"))
    places = [
        (panel["gridPos"]["x"], panel["gridPos"]["y"])
        for panel in board["panels"]
    ]
    ids = [panel["id"] for panel in board["panels"]]
    assert len(set(places)) == len(places) == len(set(ids))
    assert all(panel["title"] for panel in board["panels"])


# Who may ask.


def ask(
    context: Context, path: str = "/metrics", authorization: str = ""
) -> tuple[str, bytes]:
    environ: dict[str, Any] = {}
    setup_testing_defaults(environ)
    environ |= {"PATH_INFO": path, "HTTP_AUTHORIZATION": authorization}
    said: list[str] = []
    body = exporter.build_application(context.settings)(
        environ, lambda status, headers: said.append(status)
    )
    return said[0], b"".join(body)


def test_only_who_has_the_token_gets_figures(
    make_context: MakeContext,
) -> None:
    context = make_context(metrics_token="of-the-watchers")
    assert ask(context)[0].startswith("401")
    assert ask(context, authorization="Bearer other")[0].startswith("401")
    assert ask(context, authorization="of-the-watchers")[0].startswith("401")
    status, body = ask(context, authorization="Bearer of-the-watchers")
    assert status.startswith("200") and b"hotline_database_up 1.0" in body
    assert ask(context, path="/")[0].startswith("404")


def test_figures_that_leave_the_machine_need_a_token(
    make_context: MakeContext,
) -> None:
    with pytest.raises(Exception, match="metrics_token"):
        make_context(metrics_port=9464, metrics_host="0.0.0.0")
    make_context(metrics_port=9464, metrics_host="0.0.0.0", metrics_token="a")
