"""`mam2 colourspaces`: the names that `--colourspace` takes."""

from engine.cli import run


def test_colour_spaces_are_listed_by_what_their_names_hold(capsys):
    """The list can be narrowed by a part of the name, in any case."""
    assert run(["colourspaces", "acescg"]) == 0
    names = capsys.readouterr().out.splitlines()
    assert "ACEScg" in names
    assert all("acescg" in name.casefold() for name in names)


def test_a_configuration_that_is_not_there_is_said_in_words(capsys):
    """A missing configuration is one sentence, a hint and status 2."""
    assert run(["colourspaces", "--config", "nowhere.ocio"]) == 2
    assert "nowhere.ocio" in capsys.readouterr().err
