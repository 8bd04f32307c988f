"""The emitted OpenAPI against the running service: no 500, no undeclared status, no answer of another shape."""

from __future__ import annotations

import os

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from settlement.national.openapi import openapi

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]

EXAMPLES = int(os.environ.get("SCHEMATHESIS_EXAMPLES", "4"))  # for each path


@pytest.fixture(scope="module")
def document(services):
    """Return the interface as the sandbox emits it."""
    return schemathesis.openapi.from_url(f"{services('plain').url}/openapi.json")


@pytest.mark.parametrize(
    ("path", "method"), [(path, method) for path, one in openapi()["paths"].items() for method in one]
)
def test_the_service_is_what_its_document_says(document, path, method):
    @given(document[path][method].as_strategy())
    @settings(
        max_examples=EXAMPLES, deadline=None, derandomize=True, database=None, phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    def messages(case):
        case.call_and_validate(checks=CHECKS)

    messages()
