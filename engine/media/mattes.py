"""Mattes out: one EXR a frame with a named layer for every object, or 16-bit PNGs."""

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from engine.contract.errors import OutputError

from .atomic import make_folder
from .half import to_half
from .image_header import Tags
from .matte_files import Channels, read_signature, write_exr, write_png16

LAYERS = ("alpha", "trimap", "mask")
FORMATS = ("exr", "png16")
COMPRESSIONS = ("zip", "dwaa")
_SIGNS = frozenset('#%[]{}*?"<>|:\\$`\n\r\t')
_LONGEST = 255 - 3  # bytes of a file name nearly everywhere; a frame number may grow


class Layers(Protocol):
    """What is written of one object: a matte of the session, or `ObjectMatte`."""

    @property
    def alpha_hw(self) -> NDArray[np.float32]:
        """The matte."""

    @property
    def trimap_hw(self) -> NDArray[np.float32] | None:
        """The trimap."""

    @property
    def mask_hw(self) -> NDArray[np.float32] | None:
        """The mask."""


@dataclass(frozen=True)
class ObjectMatte:
    """What was found of one object on one frame; every array is (H, W) float32 of 0..1, origin top-left, data.

    Attributes:
        alpha_hw: the matte.
        trimap_hw: background 0, unknown 0.5, foreground 1.
        mask_hw: sigmoid of the mask logits.
    """

    alpha_hw: NDArray[np.float32]
    trimap_hw: NDArray[np.float32] | None = None
    mask_hw: NDArray[np.float32] | None = None


@dataclass(frozen=True)
class More:
    """What an EXR holds beside its mattes.

    Attributes:
        channels: (H, W) by the names in the file, stored as they are: half, or float32 where that is needed.
        texts: of the header.
    """

    channels: Channels
    texts: Mapping[str, str]


class MatteWriter:
    """Writes the mattes of a shot, a frame at a time; every file appears whole or not at all.

    `exr`: `NAME.####.exr`, half, ZIP. R, G, B and A all hold the alpha of all objects together (their sum, at most 1),
    so the matte shows in any viewer and is in the alpha channel where a Copy or a Loader looks for it. Beside it every
    object has one layer of its name with the chosen channels, e.g. `person.alpha`, `person.trimap`, `person.mask`;
    Nuke lists each object as one layer.
    `png16`: a 16-bit grey PNG for every object and layer, `NAME.OBJECT.LAYER.####.png`.

    Args:
        folder: made if it does not exist.
        name: first part of every file name.
        width, height: size of the plates in pixels.
        frames_padding: digits of a frame number at least.
        layers: which of `alpha`, `trimap`, `mask` to write.
        objects: names of the objects, in order.
        format: `exr` or `png16`.
        tags: gives what a frame's plate says that its matte should say too, see `engine.media.image_header`.
        crop, compression: of EXR, as `write_exr` takes them.

    Raises:
        OutputError: `output.not_a_folder`, `output.unwritable`, `output.layer`, `output.format`, `output.name` or
            `output.object_name`.
    """

    def __init__(
        self,
        folder: str | Path,
        name: str,
        *,
        width: int,
        height: int,
        objects: Iterable[str],
        frames_padding: int = 4,
        layers: Iterable[str] = ("alpha",),
        format: str = "exr",  # noqa: A002 - the word that artists know
        tags: Callable[[int], Tags] = lambda _: {},
        crop: bool = False,
        compression: str = "zip",
    ) -> None:
        self._folder = Path(folder).expanduser()
        self._name = name
        self._size = (height, width)
        self._padding = frames_padding
        self._objects = tuple(objects)
        wanted = set(layers)
        self._layers = tuple(layer for layer in LAYERS if layer in wanted)
        self._format = format
        self._tags = tags
        self._packing: dict[str, Any] = {"crop": crop, "compression": compression}
        _check(name, self._objects, wanted, format)
        check_length(self._paths(0))
        make_folder(self._folder)

    def write(self, frame: int, mattes: Mapping[str, Layers], *, signature: str = "", more: More | None = None) -> Path:
        """Write one frame and give its file (with `png16` the first of them).

        Args:
            frame: the host's frame number.
            mattes: by object name; one for every object of the shot.
            signature: kept in the file, see `signature`.
            more: further channels of an EXR; they take the place of those of the same name.

        Raises:
            OutputError: `output.full_disk`, `output.unwritable`, `output.not_a_folder`, `output.incomplete` if an
                object or a layer is not there, or `output.size`.
        """
        if self._format == "exr":
            channels = {**self._halves(frame, mattes), **(more.channels if more else {})}
            texts, tags = more.texts if more else None, self._tags(frame)
            write_exr(self.path_of(frame), channels, signature, exact=True, texts=texts, tags=tags, **self._packing)
        else:
            layers = (self._channel(frame, mattes, thing, layer) for thing in self._objects for layer in self._layers)
            for path, channel in zip(self._paths(frame), list(layers), strict=True):
                write_png16(path, channel, signature, tags=self._tags(frame))
        return self.path_of(frame)

    def _halves(self, frame: int, mattes: Mapping[str, Layers]) -> dict[str, NDArray[np.float16]]:
        """Give the channels of an EXR by name; each is rounded at once, since many large ones take much memory."""
        total, halves = np.zeros(self._size, np.float32), {}
        for thing in self._objects:
            alpha = self._channel(frame, mattes, thing, "alpha")
            total += alpha
            for layer in self._layers:
                channel = alpha if layer == "alpha" else self._channel(frame, mattes, thing, layer)
                halves[f"{thing}.{layer}"] = to_half(channel)
        together = to_half(np.fmin(total, np.float32(1), out=total))
        return {**dict.fromkeys("RGBA", together), **halves}

    def path_of(self, frame: int) -> Path:
        """Give the file of a frame (with `png16` the first of them), whether it exists or not."""
        return self._paths(frame)[0]

    def signature(self, frame: int) -> str | None:
        """Give the signature of a frame written before; None if any of its files is missing, damaged or differs."""
        found = {read_signature(path) for path in self._paths(frame)}
        return found.pop() if len(found) == 1 else None

    def _paths(self, frame: int) -> tuple[Path, ...]:
        number = f"{frame:0{self._padding}d}"
        if self._format == "exr":
            return (self._folder / f"{self._name}.{number}.exr",)
        return tuple(
            self._folder / f"{self._name}.{thing}.{layer}.{number}.png"
            for thing in self._objects
            for layer in self._layers
        )

    def _channel(self, frame: int, mattes: Mapping[str, Layers], thing: str, layer: str) -> NDArray[np.float32]:
        matte = mattes.get(thing)
        channel = None if matte is None else getattr(matte, f"{layer}_hw")
        if channel is None:
            raise OutputError(
                "output.incomplete",
                f"Frame {frame} has no {layer} for '{thing}'.",
                "Track the frame again, or leave this layer out.",
            )
        if channel.shape != self._size:
            raise OutputError(
                "output.size",
                f"The {layer} of '{thing}' on frame {frame} is {channel.shape[1]}x{channel.shape[0]} pixels, "
                f"but the plate is {self._size[1]}x{self._size[0]}.",
                "This is an error in the engine: please report it.",
            )
        # Unlike clip, fmax turns NaN into 0.
        bounded: NDArray[np.float32] = np.fmax(channel, np.float32(0))
        np.fmin(bounded, np.float32(1), out=bounded)
        return bounded


def plain_name(name: str) -> str:
    """Give a name without the signs that hosts read as a pattern or a program: they begin no matte's file name."""
    return "".join("_" if sign in _SIGNS else sign for sign in name)


def check_length(paths: tuple[Path, ...]) -> None:
    """Refuse before the work file names that no disk takes after it.

    Raises:
        OutputError: `output.name`.
    """
    longest = max((path.name for path in paths), key=lambda name: len(os.fsencode(name)))
    if len(os.fsencode(longest)) > _LONGEST:
        raise OutputError(
            "output.name",
            f"The mattes' file names would be too long: '{longest[:40]}...' and so on.",
            "Give a shorter name with --name.",
        )


def _check(name: str, objects: tuple[str, ...], layers: set[str], kind: str) -> None:
    if not name or name != Path(name).name or name.startswith(".") or name != plain_name(name):
        raise OutputError(
            "output.name",
            f"'{name}' cannot begin a file name.",
            "Give a plain name, e.g. 'matte', without # % [ ] and other signs that stand for something in hosts.",
        )
    if kind not in FORMATS:
        raise OutputError("output.format", f"'{kind}' is no matte format.", f"Choose one of: {', '.join(FORMATS)}.")
    if not layers or not layers <= set(LAYERS):
        wrong = ", ".join(sorted(layers - set(LAYERS))) or "nothing"
        raise OutputError(
            "output.layer", f"'{wrong}' cannot be written as layers.", f"Choose among: {', '.join(LAYERS)}."
        )
    if not objects:
        raise OutputError("output.object_name", "There is no object to write.", "Name at least one object.")
