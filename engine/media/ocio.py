"""OpenColorIO configurations: opening them, and finding colour spaces in them by name."""

import difflib
import os
from dataclasses import dataclass
from typing import Any

import PyOpenColorIO

from engine.contract.errors import ColourError

BUILT_IN = "ocio://studio-config-latest"


@dataclass(frozen=True)
class Configuration:
    """An open configuration and where it is from: a path, or a URI `ocio://...` of a built-in one."""

    source: str
    config: Any

    @property
    def is_built_in(self) -> bool:
        """Whether it is one of OpenColorIO's own."""
        return self.source.startswith("ocio://")

    def names(self) -> tuple[str, ...]:
        """List the active colour spaces."""
        return tuple(self.config.getColorSpaceNames())

    def find(self, name: str) -> str:
        """Give the full name of a colour space from its name, an alias or a role.

        Raises:
            ColourError: `colour.space`, naming the nearest that exist.
        """
        space = self.config.getColorSpace(name)
        if space is not None:
            return str(space.getName())
        near = self._near(name)
        raise ColourError(
            "colour.space",
            f"'{name}' is no colour space of the configuration {self.source}.",
            (f"Did you mean {' or '.join(near)}? " if near else "")
            + "`mam2 colourspaces` lists them all, and so does any OpenColorIO menu of the host.",
        )

    def _near(self, name: str) -> tuple[str, ...]:
        spelled: dict[str, str] = {}
        for space in self.config.getColorSpaces():
            for word in (space.getName(), *space.getAliases()):
                spelled.setdefault(word.casefold(), space.getName())
        for role, space in self.config.getRoles():
            spelled.setdefault(role.casefold(), space)
        wanted = name.casefold()
        close = difflib.get_close_matches(wanted, spelled, n=6, cutoff=0.55)
        close += [word for word in spelled if wanted in word]
        return tuple(f"'{space}'" for space in dict.fromkeys(spelled[word] for word in close))[:3]


def open_configuration(source: str | None = None) -> Configuration:
    """Open a configuration: the one named, else `$OCIO`, else OpenColorIO's built-in ACES studio configuration.

    Args:
        source: a path to a `.ocio` or `.ocioz` file, or `ocio://NAME` of a built-in configuration.

    Raises:
        ColourError: `colour.config`.
    """
    chosen = source or os.environ.get("OCIO") or BUILT_IN
    try:
        return Configuration(chosen, PyOpenColorIO.Config.CreateFromFile(chosen))
    except (PyOpenColorIO.Exception, PyOpenColorIO.ExceptionMissingFile) as problem:
        where = "" if source else " (from the environment variable OCIO)"
        raise ColourError(
            "colour.config",
            f"The colour configuration '{chosen}'{where} cannot be used: {_first_line(problem)}",
            f"Give the path of a config.ocio, or {BUILT_IN}.",
        ) from problem


def list_colourspaces(config: str | None = None) -> tuple[str, ...]:
    """List the names of the active colour spaces of a configuration; see `open_configuration` for which.

    Raises:
        ColourError: `colour.config`.
    """
    return open_configuration(config).names()


def to_srgb(configuration: Configuration, name: str) -> Any:
    """Make the processor from a colour space to sRGB with Rec.709 primaries.

    Raises:
        ColourError: `colour.transform` if the configuration does not say how its spaces relate to sRGB.
    """
    try:
        return PyOpenColorIO.Config.GetProcessorToBuiltinColorSpace(configuration.config, name, "sRGB - Texture")
    except PyOpenColorIO.Exception as problem:
        target = configuration.config.getColorSpace("sRGB - Texture") or configuration.config.getColorSpace("sRGB")
        if target is not None:
            return configuration.config.getProcessor(name, target.getName())
        raise ColourError(
            "colour.transform",
            f"There is no way from '{name}' to sRGB in {configuration.source}: {_first_line(problem)}",
            "Give the configuration an 'aces_interchange' role or a colour space called 'sRGB'.",
        ) from problem


def _first_line(problem: Exception) -> str:
    return str(problem).strip().splitlines()[0]
