"""The OpenAPI document: complete, with an example of everything that is asked and answered."""

import pytest

from engine.contract.errors import error_from_json
from engine.service import page_routes, schemas
from engine.service.answers import status_of
from engine.service.app import build
from engine.service.devices import Device
from engine.service.engine import Engine
from engine.service.security import Tickets
from engine.service.settings import ServiceSettings

JSON = "application/json"


@pytest.fixture(scope="module")
def document(tmp_path_factory):
    """Give the document as `GET /openapi.json` gives it."""
    engine = Engine(ServiceSettings(store=tmp_path_factory.mktemp("engine") / "store"), [Device("cpu")])
    return build(engine, Tickets()).openapi()


@pytest.fixture(scope="module")
def operations(document):
    """Give every operation by its method and path."""
    return {
        f"{method.upper()} {path}": operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }


def _examples(document, media):
    """Give the examples of a JSON body: its own, or those of its schema."""
    own = [one["value"] for one in media.get("examples", {}).values()] or [
        media[key] for key in ("example",) if key in media
    ]
    name = media["schema"].get("$ref", "").rpartition("/")[2]
    return own or document["components"]["schemas"].get(name, {}).get("examples", [])


def test_every_operation_says_what_it_does(operations):
    """Each has a summary, a description in a sentence, and a name of its own."""
    for name, operation in operations.items():
        assert operation["summary"], name
        assert operation["description"].endswith("."), name
    assert len({operation["operationId"] for operation in operations.values()}) == len(operations)


def test_every_parameter_has_an_example(operations):
    """Whatever stands in a path, a query or a header is shown once."""
    for name, operation in operations.items():
        for parameter in operation.get("parameters", []):
            assert parameter["schema"].get("examples"), (name, parameter["name"])


def test_every_json_body_has_an_example_that_it_would_take(document, operations):
    """Requests and answers in JSON have examples, and each is a right one."""
    looked_at = 0
    for name, operation in operations.items():
        asked = operation.get("requestBody", {}).get("content", {})
        answered = [
            one["content"]
            for status, one in operation["responses"].items()
            if status.startswith("2") and "content" in one
        ]
        for content in (asked, *answered):
            if JSON not in content:
                continue
            examples = _examples(document, content[JSON])
            assert examples, name
            title = content[JSON]["schema"].get("$ref", "").rpartition("/")[2] or content[JSON]["schema"]["title"]
            body = getattr(schemas, title, None) or getattr(page_routes, title)
            for example in examples:
                body.model_validate(example)
                looked_at += 1
    assert looked_at > 10


def test_every_answer_says_what_comes(operations):
    """An answer has a description, and unless it is empty a body of a named type."""
    for name, operation in operations.items():
        for status, answer in operation["responses"].items():
            assert answer["description"], (name, status)
            assert status == "204" or answer["content"], (name, status)
            assert "*/*" not in answer.get("content", {}), (name, status)


def test_every_error_is_shown_under_its_own_status(operations):
    """Each documented error has examples, and the engine answers errors of those codes with that very status."""
    for name, operation in operations.items():
        errors = {status: answer for status, answer in operation["responses"].items() if not status.startswith("2")}
        assert set(errors) == {"400", "401", "403", "404", "409", "413", "422", "507"}, name
        for status, answer in errors.items():
            examples = answer["content"][JSON]["examples"]
            assert examples
            for code, example in examples.items():
                error = error_from_json(schemas.ErrorBody.model_validate(example["value"]).model_dump())
                assert error.code == code
                assert error.message.endswith(".")
                assert error.hint.endswith(".")
                assert code == "engine.form" or str(status_of(error)) == status, (name, code)
