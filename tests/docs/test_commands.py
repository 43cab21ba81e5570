"""Commands on the pages: each is one that the program takes, and those that cost little are carried out."""

import ast
import importlib
import os
import re
import shlex
import subprocess
import sys

import cv2
import numpy as np
import pytest
import typer
from written_pages import PAGES, ROOT, fences

from engine.cli import build, run
from engine.media.matte_files import write_exr

OURS = re.compile(r"(?:(?:\.venv/bin/)?mam2|python3? -m engine|torchrun .*-m engine)(?= |$)")
INLINE = re.compile(r"`((?:mam2 |python3? install\b|make )[^`]+)`")
OTHERS = {"ask", "deadline", "export", "for", "job", "nuke", "openjd", "setx", "source", "pip", "wait"}
CHEAP = {"colourspaces", "matte", "submit", "weights list", "weights verify", "model", "train --list"}


def _commands():
    """Give page and words of every command in a fence that is a shell's, lines joined where a quote goes on."""
    for page in PAGES:
        for language, text in fences(page):
            if language in {"", "sh", "bash"}:
                waiting = ""
                for line in text.splitlines():
                    waiting += line + "\n"
                    try:
                        words = shlex.split(re.sub(r"\s# .*", "", waiting))
                    except ValueError:
                        continue
                    if words and not _is_a_diagram(page, words):
                        yield page, words
                    waiting = ""
                assert not waiting, f"{page}: a quote has no end in {text}"


def _is_a_diagram(page, words):
    """Tell whether a fence shows the order of imports, not commands."""
    rooms = {path.name for path in (ROOT / "engine").iterdir() if path.is_dir()}
    return page == "CONTRIBUTING.md" and set(words) <= rooms


COMMANDS = list(_commands())
INLINE_COMMANDS = [
    (page, found)
    for page in PAGES
    for found in INLINE.findall(re.sub(r"^ *```.*?^ *```", "", PAGES[page], flags=re.DOTALL | re.MULTILINE))
]


def _of_mam2(words):
    """Give the arguments of `mam2` in a command, or None."""
    said = " ".join(words)
    start = OURS.match(said)
    if not start:
        return None
    return words[len(start.group().split()) :]


def _found(arguments):
    """Give the command of the program that arguments call, its name, and what stands behind it."""
    command, names, rest = typer.main.get_command(build()), [], list(arguments)
    while getattr(command, "commands", None) and rest and not rest[0].startswith("-"):
        assert rest[0] in command.commands, f"mam2 {' '.join([*names, rest[0]])}"
        command = command.commands[rest[0]]
        names.append(rest.pop(0))
    return command, " ".join(names), [word for word in rest if word != "&"]


def _options(command):
    return {"--help"} | {option for one in command.params for option in [*one.opts, *one.secondary_opts]}


def test_there_are_commands_to_look_at():
    """The pages have commands, in fences and within sentences."""
    assert len(COMMANDS) > 40
    assert len(INLINE_COMMANDS) > 30


@pytest.mark.parametrize(("page", "words"), COMMANDS, ids=[f"{page}: {' '.join(words)}" for page, words in COMMANDS])
def test_a_command_is_one_that_its_program_takes(page, words):
    """Verb, options and their values are those of the program; scripts, make targets and verbs of install exist."""
    arguments = _of_mam2(words)
    if arguments is not None:
        _parse(arguments)
    elif words[:2] in (["python3", "install"], ["py", "install"]):
        _parse_install(words[2:])
    elif words[0] in {"python", "python3"}:
        assert words[1] == "-m" or (ROOT / words[1]).is_file()
    elif words[0] == "make":
        assert f"\n{words[1]}:" in (ROOT / "Makefile").read_text()
    elif "/" in words[0]:
        assert (ROOT / words[0]).is_file() or words[0].startswith(".venv/")
    else:
        name = re.match(r"\w+", words[0])
        assert name
        assert name.group() in OTHERS, f"{page}: a program that no test knows"


def _parse_install(arguments):
    """Have `python3 install` say what it takes, and look that the verb and the options are among it."""
    verb = arguments[0] if arguments and not arguments[0].startswith("-") else "install"
    assert verb in importlib.import_module("verbs").VERBS
    options = [word for word in arguments if word.startswith("--")]
    if options:  # not for `test`, whose options are pytest's
        said = subprocess.run(
            [sys.executable, str(ROOT / "install"), verb, "--help"], capture_output=True, text=True, check=True
        ).stdout
        assert [option for option in options if f"[{option}" not in said] == []


def _parse(arguments):
    """Have the program itself read the arguments, without doing anything."""
    if "sleep" in arguments:
        arguments = arguments[: arguments.index("sleep") - 1]
    command, name, rest = _found(arguments)
    wrong = [word for word in rest if word.startswith("--") and word.partition("=")[0] not in _options(command)]
    assert not wrong, f"mam2 {name} has no {wrong}"
    if "--help" not in rest:
        command.make_context(name, [word.replace("#IFRAME#", "1001") for word in rest])


@pytest.mark.parametrize(("page", "text"), INLINE_COMMANDS, ids=[f"{page}: {text}" for page, text in INLINE_COMMANDS])
def test_a_command_in_a_sentence_exists(page, text):
    """A verb and its options that a sentence names are the program's; what is in capitals stands for something."""
    del page
    words = shlex.split(text)
    if words[0] == "make":
        assert f"\n{words[1]}:" in (ROOT / "Makefile").read_text()
    elif words[1] == "install":
        _parse_install([word for word in words[2:] if word != "VERB"])
    else:
        command, name, rest = _found(words[1:])
        for word in rest:
            if word.startswith("--"):
                assert word.partition("=")[0] in _options(command), f"mam2 {name} has no {word}"


class _ModelNeeded(Exception):  # noqa: N818 - it is no error: everything before the model has gone well
    """A command has come as far as loading a model."""


@pytest.fixture
def shot_folder(tmp_path, monkeypatch):
    """Give a folder with what the pages' commands speak of: plates of 1920x1080, a roto, a shot file."""
    monkeypatch.chdir(tmp_path)
    for name in ("STORE", "RUNTIME", "WEIGHTS"):
        monkeypatch.setenv(f"MAM2_{name}", str(tmp_path / name.lower()))
    (tmp_path / "plates").mkdir()
    first = tmp_path / "plates" / "shot.1001.exr"
    plane = np.zeros((1080, 1920), np.float16)
    plane[340:740, 760:1160] = 0.5
    write_exr(first, {"R": plane, "G": plane, "B": plane}, "")
    for frame in range(1002, 1101):
        (tmp_path / "plates" / f"shot.{frame}.exr").hardlink_to(first)
    cv2.imwrite(str(tmp_path / "roto.png"), np.uint8(plane > 0) * 255)
    write_exr(tmp_path / "roto.1001.exr", {"A": plane * 2}, "")
    for frame in range(1002, 1101):
        (tmp_path / f"roto.{frame}.exr").hardlink_to(tmp_path / "roto.1001.exr")
    (tmp_path / "sh010.json").write_text(
        '{"plates": "plates/shot.####.exr", "objects": [{"name": "smoke", "prompts":'
        ' [{"kind": "point", "frame": 1001, "x": 960, "y": 540}]}]}'
    )
    return tmp_path


def _is_cheap(words):
    arguments = _of_mam2(words)
    said = " ".join(arguments or [])
    return arguments is not None and "--run" not in arguments and any(said.startswith(one) for one in CHEAP)


CHEAP_COMMANDS = [(page, words) for page, words in COMMANDS if _is_cheap(words)]


@pytest.mark.parametrize(
    ("page", "words"), CHEAP_COMMANDS, ids=[f"{page}: {' '.join(words)}" for page, words in CHEAP_COMMANDS]
)
def test_a_cheap_command_is_carried_out(page, words, shot_folder, monkeypatch, capsys):
    """Lists are printed, jobs are written, and every matte comes as far as loading its model on the plates named."""
    import engine.cli.matte.run

    if page == "docs/farm.md" and "/plates/sh010.####.exr" in words:
        pytest.skip("for another scheduler: tests/farm runs it")

    def stop(*_, **__):
        raise _ModelNeeded

    monkeypatch.setattr("engine.weights.models.load_model", stop)
    monkeypatch.setattr("engine.weights.models.load_matter", stop)
    starter = engine.cli.matte.run.find_files("starter", shot_folder)
    monkeypatch.setattr(engine.cli.matte.run, "find_files", lambda *_: starter)
    monkeypatch.setattr("engine.weights.automatic.find_files", lambda *_: starter)
    monkeypatch.setattr("engine.cli.report.show_bug", lambda error, _: 99 if isinstance(error, _ModelNeeded) else 1)
    status = run(_of_mam2(words))
    assert status == (99 if "matte" in words else 0), capsys.readouterr()
    assert shot_folder.is_dir()


@pytest.mark.parametrize("page", [page for page in PAGES if any(language == "python" for language, _ in fences(page))])
def test_python_on_a_page_is_right(page):
    """Examples in Python are valid, and what they import exists."""
    for language, text in fences(page):
        if language == "python":
            for node in ast.walk(ast.parse(text)):
                if isinstance(node, ast.ImportFrom):
                    module = importlib.import_module(node.module)
                    assert [name.name for name in node.names if not hasattr(module, name.name)] == []


def test_json_on_a_page_is_a_shot(shot_folder):
    """The form of a shot, where a page shows it, is one that `--prompts` takes."""
    from engine.cli.matte.options import read_prompt_file

    seen = 0
    for page in PAGES:
        for language, text in fences(page):
            if language == "json":
                path = shot_folder / "shown.json"
                path.write_text(text)
                assert read_prompt_file(path).objects
                seen += 1
    assert seen >= 2


def test_the_first_command_gives_a_matte(shot_folder):
    """The command of the first matte, as it stands on its page, gives one EXR a frame and a sheet."""
    (words,) = [words for _, words in COMMANDS if words[-2:] == ["--preview", "sheet"]]
    for frame in range(1003, 1101):
        (shot_folder / "plates" / f"shot.{frame}.exr").unlink()
    done = subprocess.run([sys.executable, "-m", "engine", *words[1:]], check=False, capture_output=True, text=True,
                          env={**os.environ, "PYTHONPATH": str(ROOT)})  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert {path.name for path in (shot_folder / "mattes").iterdir() if path.suffix == ".exr"} == {
        "shot_matte.1001.exr",
        "shot_matte.1002.exr",
    }
    assert [path for path in (shot_folder / "mattes").iterdir() if path.suffix in {".png", ".jpg"}]
