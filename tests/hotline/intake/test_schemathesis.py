"""Schemathesis reads the OpenAPI document and tries to make the API break its word."""

from typing import Any

import pytest
import schemathesis
from apiflask import APIFlask
from hypothesis import HealthCheck, assume, given, settings
from schemathesis.generation import GenerationMode

from hotline.core.act import Act
from hotline.core.context import Context, utc_now
from hotline.intake.api import keys
from hotline.intake.flood import guard
from hotline.intake.flood.limits import Counters, Limits


@schemathesis.serializer("application/x-ndjson")
def lines(_context: schemathesis.SerializationContext, value: Any) -> bytes:
    """Unknown to Schemathesis, which would leave the media type out."""
    return (
        value
        if isinstance(value, bytes)
        else str(value).encode("utf-8", "surrogatepass")
    )


@pytest.fixture
def api(app: APIFlask) -> schemathesis.BaseSchema:
    """Without limits on look-ups: a limit that is reached is tested elsewhere."""
    limits = Limits(600, 10**9, 10**9, 10**9, 10**9, 0, 1, 1)
    app.extensions["hotline.intake.flood.guard"] = guard.Guard(
        limits, Counters(600)
    )
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", app)
    # A body that is left out altogether has no length either.
    rejections = schema.config.checks.negative_data_rejection
    rejections.expected_statuses = [*rejections.expected_statuses, "411"]
    return schema


@pytest.fixture(params=list(GenerationMode), ids=lambda mode: mode.value)
def generation(request: pytest.FixtureRequest) -> GenerationMode:
    return request.param  # type: ignore[no-any-return]


def test_the_api_keeps_its_word(
    api: schemathesis.BaseSchema, generation: GenerationMode
) -> None:
    tried = 0
    for result in api.get_all_operations():
        operation = result.ok()

        @settings(
            max_examples=15,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(generation_mode=generation))
        def check(case: schemathesis.Case) -> None:
            case.call_and_validate()

        if generation is GenerationMode.NEGATIVE and not operation.body:
            continue  # nothing to get wrong
        check()
        tried += 1
    assert tried >= 4


@pytest.mark.parametrize(
    ("path", "good"), [("/api/v1/reports", 201), ("/api/v1/reports/bulk", 200)]
)
def test_what_a_known_sender_sends(
    api: schemathesis.BaseSchema,
    context: Context,
    generation: GenerationMode,
    path: str,
    good: int,
) -> None:
    """With a key the operation itself is reached, not only its refusal."""
    if generation is GenerationMode.NEGATIVE and path.endswith("bulk"):
        pytest.skip(
            "Any body is a text; what is wrong in it is told line by line."
        )
    with context.database.writing() as session:
        key = keys.create_key(
            Act(session, context, "t", utc_now()),
            "app",
            scopes=keys.SCOPES,
            daily_quota=10**9,
        )
    reached = set()

    @settings(
        max_examples=15, deadline=None, suppress_health_check=list(HealthCheck)
    )
    @given(case=api[path]["POST"].as_strategy(generation_mode=generation))
    def check(case: schemathesis.Case) -> None:
        # That a first line names columns is more than a schema can say; see test_bulk.
        assume(case.media_type != "text/csv")
        answer = case.call_and_validate(
            headers={"Authorization": f"Bearer {key}"}
        )
        reached.add(answer.status_code)

    check()
    if generation is GenerationMode.POSITIVE:
        assert good in reached and not reached & {401, 403}


def test_one_call_after_another(api: schemathesis.BaseSchema) -> None:
    """Receipts that reports were answered with lead on to their state and to additions."""
    followed = []
    machine = api.as_state_machine()

    class Machine(machine):  # type: ignore[misc, valid-type]
        def after_call(self, response: Any, case: schemathesis.Case) -> None:
            followed.append((case.operation.path, response.status_code))

    Machine.run(
        settings=settings(
            max_examples=25,
            stateful_step_count=6,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        )
    )
    assert ("/api/v1/reports/status", 200) in followed
    assert ("/api/v1/reports/information", 204) in followed
