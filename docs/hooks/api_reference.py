"""A hook of mkdocs: the reference of the engine's HTTP interface, made from its own OpenAPI document."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mkdocs.structure.files import File

from engine.service.app import build
from engine.service.devices import Device
from engine.service.engine import Engine
from engine.service.security import Tickets
from engine.service.settings import ServiceSettings

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files

_HEAD = """# API reference

{description}

Version {version}. How a program finds the engine and its token: [Scripts](scripting.md).
The engine gives the same document as JSON at `/openapi.json`.
Every refusal has the same form: `kind`, `code`, `message` and `hint`; [Error codes](errors.md) lists them all.
"""


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the page."""
    files.append(File.generated(config, "api.md", content=page(document())))
    return files


def document() -> dict[str, Any]:
    """Give the OpenAPI document of an engine that is made for this and never runs."""
    with tempfile.TemporaryDirectory() as folder:
        engine = Engine(ServiceSettings(store=Path(folder) / "store"), [Device("cpu")])
        return build(engine, Tickets()).openapi()


def page(openapi: dict[str, Any]) -> str:
    """Write the page: requests first, then the forms of their bodies."""
    text = [_HEAD.format(**openapi["info"]), "\n## Requests\n"]
    text += [
        _operation(f"{method.upper()} {path}", operation)
        for path, methods in openapi["paths"].items()
        for method, operation in methods.items()
    ]
    text.append("\n## Forms\n")
    text += [_form(name, schema) for name, schema in sorted(openapi["components"]["schemas"].items())]
    return "".join(text)


def _operation(name: str, operation: dict[str, Any]) -> str:
    text = [f"\n### `{name}`\n\n{operation['description']}\n"]
    if operation.get("parameters"):
        text.append("\n| parameter | in | form | example |\n|---|---|---|---|\n")
        for one in operation["parameters"]:
            example = next(iter(one["schema"].get("examples", [])), "")
            needed = "" if one.get("required") else ", optional"
            text.append(f"| `{one['name']}` | {one['in']}{needed} | {_kind(one['schema'])} | `{example}` |\n")
    for kind, media in operation.get("requestBody", {}).get("content", {}).items():
        text.append(f"\nBody, `{kind}`: {_kind(media.get('schema', {}))}.\n")
    text.append("\n| status | answer |\n|---|---|\n")
    text += [_answer(status, answer) for status, answer in operation["responses"].items()]
    return "".join(text)


def _answer(status: str, answer: dict[str, Any]) -> str:
    """Say a status: what it means, and the form of what comes, or the codes of what is refused."""
    media = answer.get("content", {}).values()
    words = answer["description"].rstrip(".").replace("Successful Response", "Done")
    if int(status) < 400:
        said = next((_kind(one["schema"]) for one in media if one.get("schema")), "")
    else:
        said = ", ".join(f"`{code}`" for one in media for code in one.get("examples", {}))
    return f"| {status} | {words}.{said and f' {said}.'} |\n"


def _form(name: str, schema: dict[str, Any]) -> str:
    text = [f"\n### {name}\n\n{schema.get('description', '')}\n"]
    if schema.get("properties"):
        text.append("\n| field | form | |\n|---|---|---|\n")
        needed = schema.get("required", [])
        text += [
            f"| `{field}` | {_kind(inner)} | {'' if field in needed else 'optional'} |\n"
            for field, inner in schema["properties"].items()
        ]
    for example in schema.get("examples", [])[:1]:
        text.append(f"\n```json\n{json.dumps(example, indent=2)}\n```\n")
    return "".join(text)


def _kind(schema: dict[str, Any]) -> str:
    """Say a schema's form in a word or two, with a link where it has a section of its own."""
    several = schema.get("anyOf") or schema.get("oneOf")
    if several:
        said = " or ".join(_kind(one) for one in several)
    elif "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        said = f"[{name}](#{name.lower()})"
    elif "enum" in schema or "const" in schema:
        said = ", ".join(f"`{value}`" for value in schema.get("enum", [schema.get("const")]))
    elif schema.get("type") == "array":
        said = f"list of {_kind(schema.get('items', {}))}"
    else:
        said = "bytes" if schema.get("format") == "binary" else str(schema.get("type", "any"))
    return said
