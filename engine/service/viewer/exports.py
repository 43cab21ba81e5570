"""Mattes out of the store into the artist's folder: EXR as tracked, 16-bit PNG, or a ProRes 4444 movie with alpha."""

import shutil
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from threading import Event
from typing import Any

import av

from engine.contract.errors import OutputError, ServiceError
from engine.media.atomic import atomic_file, make_folder
from engine.media.further import Further
from engine.media.half import to_half
from engine.media.matte_files import read_matte, read_signature, write_exr, write_png16
from engine.media.mattes import ObjectMatte
from engine.media.movie_pixels import prores_frame, prores_stream
from engine.service.messages import Message
from engine.service.store import Store, StoredShot
from engine.service.stored_plates import PlateAwaited, StoredPlates

FORMATS = ("exr", "png16", "prores", "prores_premultiplied")


def export(
    store: Store,
    *,
    shot: str,
    folder: str,
    name: str,
    format: str,  # noqa: A002 - the word that artists know
    frames: Sequence[int],
    rate: float,
    layers: Sequence[str],
    premult: bool,
    tell: Callable[[Message], None],
    stop: Event,
) -> dict[str, Any]:
    """Write the mattes of some frames.

    Args:
        store: where the shot is.
        shot: its name.
        folder: absolute; made if it is not there.
        name: first part of every file name.
        format: one of `FORMATS`.
        frames: ascending; each has mattes.
        rate: frames a second of a movie.
        layers: what EXR files hold beside the mattes, see `Further`.
        premult: as there.
        tell: told how many frames are done.
        stop: leaves between two frames; what is written stays, a movie does not.

    Returns:
        `pattern` of the files, and whether it was `stopped`.

    Raises:
        OutputError: the folder cannot be written, or holds plates under these names.
        ServiceError: a matte has gone meanwhile.
    """
    stored, place = store.shot(shot), Path(folder)
    make_folder(place)
    declared = stored.declaration()
    size = declared.width, declared.height
    plates = StoredPlates(stored, size, declared.settings.colourspace)
    further = Further(tuple(layers), premult, size, plates.linear, None, plates.digest) if layers or premult else None
    writers: dict[str, Callable[..., Iterator[int]]] = {
        "png16": _png16,
        "prores": partial(_prores, plates=plates, size=size),
        "prores_premultiplied": partial(_prores, plates=plates, size=size, premultiplied=True),
    }
    write = writers.get(format, partial(_exr, plates=plates, further=further))
    ending = {"exr": "####.exr", "png16": "OBJECT.alpha.####.png"}.get(format, "mov")
    done = 0
    for done, _ in enumerate(write(stored, place, name, frames, rate, stop), 1):
        tell({"done": done})
    return {"pattern": str(place / f"{name}.{ending}"), "stopped": done < len(frames)}


def _exr(
    stored: StoredShot,
    place: Path,
    name: str,
    frames: Sequence[int],
    rate: float,
    stop: Event,
    *,
    plates: StoredPlates,
    further: Further | None,
) -> Iterator[int]:
    del rate
    for frame in frames:
        if stop.is_set():
            return
        source, target = _matte(stored, frame), place / f"{name}.{frame:04d}.exr"
        _refuse_plate(target)
        if further is not None:
            try:
                _write_more(source, target, frame, plates, further)
            except PlateAwaited:
                raise _gone(stored, frame) from None
        else:
            with atomic_file(target, source.stat().st_size) as temporary:
                shutil.copyfile(source, temporary)
        yield frame


def _write_more(source: Path, target: Path, frame: int, plates: StoredPlates, further: Further) -> None:
    """Write a frame's mattes, as they are to the bit, with the colours and IDs that the store does not keep."""
    found = read_matte(source)
    mattes = {
        name.removesuffix(".alpha"): ObjectMatte(alpha) for name, alpha in found.items() if name.endswith(".alpha")
    }
    more = further.make(frame, mattes)
    channels: dict[str, Any] = {name: to_half(channel) for name, channel in found.items()}
    signature = "+".join([read_signature(source, trust=True) or "", *further.signed_as])
    more_channels, texts = (more.channels, more.texts) if more is not None else ({}, {})
    write_exr(target, channels | dict(more_channels), signature, exact=True, texts=texts, tags=plates.tags(frame))


def _png16(
    stored: StoredShot, place: Path, name: str, frames: Sequence[int], rate: float, stop: Event
) -> Iterator[int]:
    del rate
    for frame in frames:
        if stop.is_set():
            return
        source = _matte(stored, frame)
        signature = read_signature(source, trust=True) or ""
        for channel, values in read_matte(source).items():
            if channel.endswith(".alpha"):
                target = place / f"{name}.{channel}.{frame:04d}.png"
                _refuse_plate(target)
                write_png16(target, values, signature)
        yield frame


def _prores(
    stored: StoredShot,
    place: Path,
    name: str,
    frames: Sequence[int],
    rate: float,
    stop: Event,
    *,
    plates: StoredPlates,
    size: tuple[int, int],
    premultiplied: bool = False,
) -> Iterator[int]:
    """Write a movie: the plates as they look, with the alpha of all objects together."""
    bytes_at_most = len(frames) * size[0] * size[1]
    with atomic_file(place / f"{name}.mov", bytes_at_most) as temporary, av.open(str(temporary), "w") as movie:
        stream = None
        for frame in frames:
            if stop.is_set():
                raise ServiceError("job.cancelled", "The export was cancelled.", "Nothing was written.")
            try:
                display = plates.look(frame)
            except PlateAwaited:
                raise _gone(stored, frame) from None
            alpha = read_matte(_matte(stored, frame))["A"]
            stream = stream or prores_stream(movie, rate, size, plates.tags(frame).get("pixel_aspect", 1.0))
            for packet in stream.encode(prores_frame(display, alpha, premultiplied=premultiplied)):
                movie.mux(packet)
            yield frame
        for packet in stream.encode() if stream else ():
            movie.mux(packet)


def _matte(stored: StoredShot, frame: int) -> Path:
    path = stored.matte(frame)
    if not path.is_file():
        raise _gone(stored, frame)
    return path


def _gone(stored: StoredShot, frame: int) -> ServiceError:
    return ServiceError("matte.missing", f"Frame {frame} of '{stored.name}' has no matte.", "Track the shot first.")


def _refuse_plate(target: Path) -> None:
    """Refuse to write over what is not one of our mattes."""
    if target.exists() and read_signature(target, trust=True) is None:
        raise OutputError(
            "output.over_plates", f"'{target}' is there already and is no matte of ours.", "Choose another folder."
        )
