"""Whether a matte on disk is still the one that would be made."""

import hashlib
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from engine import __version__
from engine.contract.plan import plan_shot
from engine.contract.shot import MaskPrompt, Prompt, Shot
from engine.contract.shot_json import prompt_to_json
from engine.weights.header import read_header

_CHUNK = 1 << 20


def signatures(
    shot: Shot, fingerprint: Callable[[int], str], colourspace: str, layers: Iterable[str], weights: Iterable[Path]
) -> Callable[[int], str]:
    """Give the function from frame to signature: 32 hexadecimal digits, kept in each matte's file.

    It covers the engine's version, the weights, the shot's range, size, settings and objects, the layers written, the
    name of the colour space, the fingerprint of the frame's own plate, and those prompts that
    can change the frame: all that describe an object anew, and the corrections that tracking passes on its way there.
    So a correction leaves the signatures of the frames before it as they were. Of a mask file the contents count. A
    mask that an object is held to counts on the frames that it holds on, and on no others.

    It does not cover the other plates, though a matte depends on those tracked before it: after a plate was changed,
    only its own frame is made anew with `--resume`; run without it to be sure of the rest. Neither does it cover
    the device (processors differ in the last bits) nor changes inside an OpenColorIO configuration.
    """
    shared = hashlib.sha256()
    settings = dict(vars(shot.settings))
    size = [shot.first, shot.last, shot.width, shot.height]
    _add(shared, [__version__, size, settings, colourspace, list(layers), [_weights_hash(path) for path in weights]])
    courses = plan_shot(shot)
    masks: dict[str, str] = {}

    def said(prompt: Prompt) -> dict[str, Any]:
        if not isinstance(prompt, MaskPrompt):
            return prompt_to_json(prompt)
        if prompt.path not in masks:
            masks[prompt.path] = file_digest(Path(prompt.path))
        return {"frame": prompt.frame, "mask": masks[prompt.path]}

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
        own.update(fingerprint(frame).encode())
        return own.hexdigest()[:32]

    return of


def file_digest(path: Path) -> str:
    """Give the SHA-256 of a file's contents."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _weights_hash(path: Path) -> str:
    """Give the hash of the tensors that the file's writer left in its header, else that of the bytes."""
    return read_header(path).get("mam2.sha256") or file_digest(path)


def _add(digest: Any, data: Any) -> None:
    digest.update(json.dumps(data, sort_keys=True).encode())
