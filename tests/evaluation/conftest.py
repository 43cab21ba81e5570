"""What the tests of measuring share."""

import pytest

from engine.cli import run


@pytest.fixture
def mam2(capsys, monkeypatch):
    """Call the program in this process: exit status, output, errors."""
    monkeypatch.setenv("COLUMNS", "160")

    def call(*arguments):
        code = run([str(argument) for argument in arguments])
        said = capsys.readouterr()
        return code, said.out, said.err

    return call
