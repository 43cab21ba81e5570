"""Whether a matte on disk is still the one that would be made."""

import hashlib
import json
import sys
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Any

from engine import __version__
from engine.contract.files import open_regular
from engine.contract.plan import Course, frames_beside, plan_shot
from engine.contract.shot import MaskPrompt, Prompt, Shot
from engine.contract.shot_json import prompt_to_json, settings_to_json
from engine.weights.header import read_header

_CHUNK = 1 << 20


def signatures(
    shot: Shot, fingerprint: Callable[[int], str], colourspace: str, layers: Iterable[str], weights: Iterable[Path]
) -> Callable[[int], str]:
    """Give the function from frame to signature: 32 hexadecimal digits, kept in each matte's file.

    It covers the engine's version, the weights, the shot's range, size, settings and objects, the layers written, the
    name of the colour space, the fingerprints of the frame's own plate and of every plate that tracking has seen on
    its way there, and those prompts that can change the frame: all that describe an object anew, and the corrections
    that tracking passes. So a correction leaves the signatures of the frames before it as they were, and a plate that
    was rendered again changes those of the frames behind it. Of a mask file the contents count. A
    mask that an object is held to, or has in the place of tracking, counts on the frames that it holds on, and on no
    others; an object that is not tracked brings no plate but the frame's own. Where alpha is smoothed over time, all of
    that counts for the frames beside it too.

    It does not cover the device (processors differ in the last bits) nor changes inside an OpenColorIO configuration.

    A plate's fingerprint is asked for once, when the first frame that needs it is signed.
    """
    shared = hashlib.sha256()
    settings = settings_to_json(shot.settings)
    size = [shot.first, shot.last, shot.width, shot.height]
    _add(shared, [__version__, size, settings, colourspace, list(layers), [_weights_hash(path) for path in weights]])
    courses = plan_shot(shot)
    of_plate = cache(fingerprint)
    tracks = [_Track(courses[thing.name], of_plate) for thing in shot.objects if not thing.masks]
    masks: dict[str, str] = {}

    def said(prompt: Prompt) -> dict[str, Any]:
        if not isinstance(prompt, MaskPrompt):
            return prompt_to_json(prompt)
        if prompt.path not in masks:
            masks[prompt.path] = file_digest(Path(prompt.file)) + (prompt.layer or "")
        return {"frame": prompt.frame, "mask": masks[prompt.path]}

    @cache
    def of(frame: int) -> str:
        own = shared.copy()
        for thing in shot.objects:
            counts = courses[thing.name].reaching(frame)
            _add(own, [thing.name, [said(prompt) for prompt in thing.prompts if prompt.frame in counts]])
            for held in thing.held_on(frame):
                file = held.file(frame)
                if file not in masks:
                    masks[file] = file_digest(Path(file))
                _add(own, [held.kind, masks[file], held.layer, held.invert])
        for track in tracks:
            own.update(track.seen(frame))
        own.update(of_plate(frame).encode())
        return own.hexdigest()[:32]

    def with_neighbours(frame: int) -> str:
        of_all = [of(near) for near in (frame, *frames_beside(courses, frame))]
        return hashlib.sha256("".join(of_all).encode()).hexdigest()[:32]

    return with_neighbours if shot.settings.finesse.temporal else of


class _Track:
    """A hash chain over the plates that one object's track sees: each frame's link hashes the link before it."""

    def __init__(self, course: Course, fingerprint: Callable[[int], str]) -> None:
        self._course, self._fingerprint = course, fingerprint
        self._links: dict[bool, list[bytes]] = {False: [], True: []}
        self._start: bytes | None = None

    def seen(self, frame: int) -> bytes:
        """Give the link of a frame; nothing where the object is not tracked."""
        backward = frame not in self._course.forward
        sweep = self._course.sweep(backward=backward)
        if frame not in sweep:
            return b""
        links, place = self._links[backward], sweep.index(frame)
        while len(links) <= place:
            before = links[-1] if links else self._described
            links.append(self._link(before, sweep[len(links)]))
        return links[place]

    @property
    def _described(self) -> bytes:
        """The plates that the object is described on, of which every frame may recall one, a future one too."""
        if self._start is None:
            link = b""
            for frame in self._course.independent:
                link = self._link(link, frame)
            self._start = link
        return self._start

    def _link(self, before: bytes, frame: int) -> bytes:
        return hashlib.sha256(before + self._fingerprint(frame).encode()).digest()


def file_digest(path: Path) -> str:
    """Give the SHA-256 of a file's contents.

    Raises:
        OSError: it cannot be read, or is no regular file.
    """
    digest = hashlib.sha256()
    with open_regular(path, sys.maxsize) as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _weights_hash(path: Path) -> str:
    """Give the hash of the tensors that the file's writer left in its header, else that of the bytes."""
    return read_header(path).get("mam2.sha256") or file_digest(path)


def _add(digest: Any, data: Any) -> None:
    digest.update(json.dumps(data, sort_keys=True).encode())
