"""A hook of mkdocs: the page of every error code, gathered from the code itself.

Every error is made as `SomeError("area.what", message, hint)` in Python and `"area.what", message, hint` in Lua.
What varies in a sentence is shown as an ellipsis.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING

from mkdocs.structure.files import File

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files

FOLDERS = ("engine", "nuke_plugin", "resolve_plugin")
_CODE = re.compile(r"[a-z]+\.[a-z_]+")
_LUA = re.compile(r"\"([a-z]+\.[a-z_]+)\",\s*(?=[\"(])")
_LUA_TOKEN = re.compile(r"\"((?:[^\"\\]|\\.)*)\"|([(),}])")
_HEAD = """# Error codes

Every error has a code that never changes, a sentence that says what happened, and one that says what to do.
This list is made from the code when these pages are built; … stands for what differs from case to case.
By what you see, rather than by code: [troubleshooting](troubleshooting.md).

A script finds the code in the JSON of the engine's answers. On the command line the sentences are what you see.
"""


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the page."""
    root = Path(config.config_file_path).parent
    files.append(File.generated(config, "errors.md", content=page(root)))
    return files


def page(root: Path) -> str:
    """Write the page, one section an area, one row a code."""
    codes: dict[str, set[tuple[str, str]]] = {}
    for code, message, hint in gathered(root):
        codes.setdefault(code, set()).add((message, hint))
    text, area = [_HEAD], ""
    for code in sorted(codes):
        if code.partition(".")[0] != area:
            area = code.partition(".")[0]
            text.append(f"\n## {area}\n\n| code | what happened | what to do |\n|---|---|---|\n")
        for number, (message, hint) in enumerate(sorted(codes[code])):
            text.append(f"| {f'`{code}`' if number == 0 else ''} | {_cell(message)} | {_cell(hint)} |\n")
    return "".join(text)


def gathered(root: Path) -> Iterator[tuple[str, str, str]]:
    """Give code, message and hint of every error that the code can raise."""
    for folder in FOLDERS:
        for path in sorted((root / folder).rglob("*")):
            if path.suffix == ".py":
                yield from _of_python(ast.parse(path.read_text(encoding="utf-8")))
            elif path.suffix in {".lua", ".fuse"}:
                yield from _of_lua(path.read_text(encoding="utf-8"))


def _of_python(tree: ast.Module) -> Iterator[tuple[str, str, str]]:
    constants = {
        target.id: node.value
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("Error") and len(node.args) == 3:
            code = _said(node.args[0], constants)
            if _CODE.fullmatch(code.replace("…", "what")):
                yield code, _said(node.args[1], constants), _said(node.args[2], constants)


def _said(node: ast.expr, constants: dict[str, ast.expr]) -> str:
    """Give the text of an expression, with an ellipsis for what is only known when it happens."""
    match node:
        case ast.Constant(value):
            said = str(value)
        case ast.JoinedStr(values):
            said = "".join(_said(part, constants) for part in values)
        case ast.BinOp(left, ast.Add(), right):
            said = _said(left, constants) + _said(right, constants)
        case ast.Name(name) | ast.FormattedValue(ast.Name(name)) if name in constants:
            said = _said(constants[name], {})
        case ast.Call(ast.Attribute(text, "format")):
            said = re.sub(r"\{[^}]*\}", "…", _said(text, constants))
        case _:
            said = "…"
    return said


def _of_lua(text: str) -> Iterator[tuple[str, str, str]]:
    """Read `"code", message, hint` wherever a call or a table has it; what is joined to a string is an ellipsis."""
    for match in _LUA.finditer(text):
        parts, depth = [""], 0
        for token in _LUA_TOKEN.finditer(text, match.end()):
            said, mark = token[1], token[2]
            if said is not None:
                parts[-1] += ("…" if parts[-1] else "") + re.sub(r"%[sd]", "…", said)
            depth += {"(": 1, ")": -1, "}": -1}.get(mark or "", 0)
            if depth < 0:
                break
            if mark == "," and depth == 0:
                parts.append("")
        if parts[0][:1].isupper():
            yield match[1], parts[0], parts[1] if len(parts) > 1 else ""


def _cell(text: str) -> str:
    plain = re.sub(r"\s+", " ", text).strip()
    plain = re.sub(r"…[… ]*…", "…", plain)
    return plain.replace("|", "\\|").replace("<", "&lt;").replace("*", "\\*").replace("_", "\\_")
