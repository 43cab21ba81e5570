"""What the plug-in is made of: the standard library and the host, in files that can be read in one sitting."""

import ast
import subprocess
import sys

import pytest

HOST = {"nuke", "nukescripts", "PySide6", "PySide2", "mam2_contract"}
MOST_LINES = 250


@pytest.fixture(scope="module")
def sources(repository):
    """Give every file of the plug-in and of the contract that it carries, with its text."""
    files = [*(repository / "nuke_plugin").rglob("*.py"), *(repository / "engine" / "contract").rglob("*.py")]
    return {path: path.read_text(encoding="utf-8") for path in files if "vendor" not in path.parts}


def _imported(node):
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module or ""] if isinstance(node, ast.ImportFrom) and node.level == 0 else []


def _is_for_types(node, inside):
    return any(start <= node.lineno <= end for start, end in inside)


def test_it_needs_nothing_but_python_and_the_host(sources):
    """Every import is of the standard library, of the host, or of the plug-in's own parts."""
    for path, text in sources.items():
        tree = ast.parse(text)
        typing_only = [
            (node.lineno, node.orelse[0].lineno - 1 if node.orelse else node.end_lineno)
            for node in ast.walk(tree)
            if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        ]
        for node in ast.walk(tree):
            for name in _imported(node):
                top = name.partition(".")[0]
                known = top in sys.stdlib_module_names or top in HOST or top == "mam2_nuke"
                assert known or _is_for_types(node, typing_only), f"{path.name}:{node.lineno} imports {name}"


def test_it_is_written_in_the_oldest_hosts_python(sources):
    """Nuke 14 runs Python 3.9: nothing in the plug-in or the contract is newer."""
    for path, text in sources.items():
        ast.parse(text, str(path), feature_version=(3, 9))


def test_its_files_stay_small(sources):
    """No file of the plug-in is longer than 250 lines."""
    long = {path.name: text.count("\n") for path, text in sources.items() if text.count("\n") > MOST_LINES}
    assert {name for name in long if name != "client.py"} == set()


def test_the_contract_works_under_another_name(repository):
    """The plug-in takes the contract from the checkout as `mam2_contract`; `engine` never comes onto the path."""
    program = (
        "import sys; sys.path.insert(0, sys.argv[1]); import mam2_nuke.contract as c;"
        "assert 'engine' not in sys.modules and c.EngineError.__module__ == 'mam2_contract.errors';"
        "assert not any(p.rstrip('/') == sys.argv[2] for p in sys.path); print(c.Point(1, 2.0, 3.0))"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", program, str(repository / "nuke_plugin"), str(repository)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "Point(frame=1" in done.stdout
