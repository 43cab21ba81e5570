"""The OpenColorIO configuration that plates are read with."""

from collections.abc import Iterator
from pathlib import Path

from engine.contract.errors import ColourError
from engine.doctor.facts import FAULT, OK, WARNING, Finding, Machine
from engine.media.ocio import open_configuration, to_srgb

_WITHOUT = "or unset OCIO: then OpenColorIO's own ACES configuration is used."


def check_colour(machine: Machine) -> Iterator[Finding]:
    """Say whether `$OCIO`, or the built-in configuration, can be used, and whether it knows the way to sRGB."""
    named = machine.environment.get("OCIO", "")
    if named and not named.startswith("ocio://"):
        if not Path(named).is_file():
            yield Finding(
                "colour", FAULT, f"OCIO names a file that is not there: '{named}'.", f"Correct it, {_WITHOUT}"
            )
            return
        if not Path(named).is_absolute():
            yield Finding(
                "colour",
                WARNING,
                f"OCIO names a file by a relative path, '{named}': it depends on where a program is started.",
                "Give the whole path.",
            )
    try:
        configuration = open_configuration(named or None)
    except ColourError:
        yield Finding(
            "colour",
            FAULT,
            f"The file that OCIO names is no configuration that can be read: '{named}'.",
            f"Check it with ociocheck, {_WITHOUT}",
        )
        return
    what = f"'{named}'" if named else "the built-in ACES configuration"
    try:
        to_srgb(configuration, configuration.find("scene_linear"))
    except ColourError as problem:
        yield Finding("colour", WARNING, f"{what} does not say how scene-linear becomes sRGB.", problem.hint)
        return
    yield Finding("colour", OK, f"{what}, {len(configuration.names())} colour spaces")
