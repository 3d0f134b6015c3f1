"""Schemathesis reads the OpenAPI document and tries to make the API break its word."""

import pytest
import schemathesis
from apiflask import APIFlask
from hypothesis import HealthCheck, given, settings
from schemathesis.generation import GenerationMode

from hotline.intake import guard
from hotline.intake.limits import Counters, Limits


@pytest.fixture
def api(app: APIFlask) -> schemathesis.BaseSchema:
    """Without limits on look-ups: a limit that is reached is tested elsewhere."""
    limits = Limits(600, 10**9, 10**9, 10**9, 10**9, 0, 1, 1)
    app.extensions["hotline.intake.guard"] = guard.Guard(limits, Counters(600))
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", app)
    # A body that is left out altogether has no length either.
    rejections = schema.config.checks.negative_data_rejection
    rejections.expected_statuses = [*rejections.expected_statuses, "411"]
    return schema


@pytest.mark.parametrize("mode", list(GenerationMode))
def test_the_api_keeps_its_word(api: schemathesis.BaseSchema, mode: GenerationMode) -> None:
    tried = 0
    for result in api.get_all_operations():
        operation = result.ok()

        @settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
        @given(case=operation.as_strategy(generation_mode=mode))
        def check(case: schemathesis.Case) -> None:
            case.call_and_validate()

        if mode is GenerationMode.NEGATIVE and not operation.body:
            continue  # nothing to get wrong
        check()
        tried += 1
    assert tried >= 4
