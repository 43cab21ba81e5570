"""Where published sets keep their files. Nothing is opened but the lists that a set brings along."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.contract.errors import EngineError
from engine.evaluation.folders import subfolders
from engine.media.images import EXTENSIONS


@dataclass(frozen=True)
class Entry:
    """The files of one clip, all in the order of its frames.

    Attributes:
        name, kind: as in `TrueClip`.
        plates: composites, or straight foregrounds where there are backgrounds.
        alphas: of every plate.
        trimaps: of every plate, or none.
        backgrounds: of every plate, or none.
        mask: published mask of the first frame.
    """

    name: str
    kind: str
    plates: tuple[Path, ...]
    alphas: tuple[Path, ...]
    trimaps: tuple[Path, ...] = ()
    backgrounds: tuple[Path, ...] = ()
    mask: Path | None = None


def composited_videos(folder: Path, name: str) -> Sequence[Entry]:
    """Find `NAME_motion` and `NAME_static` in a folder or one level below; clips with `pha` beside the plates.

    Masks for first frames are looked for in a folder `*first_frame_seg_mask*` inside the set, or beside it.

    Raises:
        EngineError: `evaluate.ambiguous`: the set is there in more than one size; `evaluate.unmatched`: plates and
            alphas of a clip are not of the same frames.
    """
    parts = (f"{name}_motion", f"{name}_static")
    homes = [home for home in (folder, *subfolders(folder)) if any((home / part).is_dir() for part in parts)]
    if len(homes) > 1:
        raise EngineError(
            "evaluate.ambiguous",
            f"'{folder}' holds the set more than once: {', '.join(home.name for home in homes)}.",
            f"Give one of them, e.g. {homes[0]}",
        )
    if not homes:
        return ()
    masks = _mask_folders(folder)
    return [
        _video(clip, kind=part.removeprefix(f"{name}_"), masks=[m / one for m in masks for one in (part, ".")])
        for part in parts
        for clip in subfolders(homes[0] / part)
        if (clip / "pha").is_dir()
    ]


def vm108(folder: Path) -> Sequence[Entry]:
    """Find the validation clips of VideoMatting108: foregrounds with alpha, and which background each frame lies on.

    Raises:
        EngineError: `evaluate.layout`: a list of the set cannot be read.
    """
    lists = folder / "val_videos.txt", folder / "frame_corr.json"
    if not all(one.is_file() for one in lists):
        return ()
    try:
        names = lists[0].read_text(encoding="utf-8").split()
        pairs: dict[str, str] = json.loads(lists[1].read_text(encoding="utf-8"))
    except ValueError as problem:
        raise EngineError(
            "evaluate.layout", f"The lists in '{folder}' cannot be read: {problem}.", "Unpack the set again."
        ) from problem
    found = []
    for name in names:
        frames = sorted(frame for frame in pairs if frame.rpartition("/")[0] == name)
        if frames:
            plates = tuple(folder / "FG_done" / frame for frame in frames)
            behind = tuple(_either(folder / "BG_done" / pairs[frame]) for frame in frames)
            found.append(Entry(name.replace("/", "-"), "val", plates, plates, backgrounds=behind))
    return found


def stills(folder: Path, plates: str) -> Sequence[Entry]:
    """Find images with their alphas in `mask` and, if there are any, trimaps in `trimap`; one clip of one frame each.

    Raises:
        EngineError: `evaluate.unmatched`: an image has no alpha.
    """
    images = _images(folder / plates)
    alphas, trimaps = (_by_stem(folder / part) for part in ("mask", "trimap"))
    if not images or not alphas:
        return ()
    missing = [image.name for image in images if image.stem not in alphas]
    if missing:
        raise _unmatched(folder, f"{len(missing)} images have no alpha, e.g. {missing[0]}")
    return [
        Entry(
            image.stem,
            "stills",
            (image,),
            (alphas[image.stem],),
            trimaps=(trimaps[image.stem],) if image.stem in trimaps else (),
        )
        for image in images
    ]


def p3m_500_np(folder: Path) -> Sequence[Entry]:
    """Find P3M-500-NP in its own folder, or in that of P3M-10k."""
    inside = folder / "validation" / "P3M-500-NP"
    return stills(inside if inside.is_dir() else folder, "original_image")


def _video(clip: Path, kind: str, masks: Sequence[Path]) -> Entry:
    beside = [one for one in subfolders(clip) if one.name not in {"pha", "fgr"}]
    plates = next((one for one in beside if one.name == "com"), beside[0] if len(beside) == 1 else None)
    if plates is None:
        raise _unmatched(clip, "one folder of plates is expected beside 'pha' and 'fgr'")
    shown, alphas = _images(plates), _images(clip / "pha")
    if [one.stem for one in shown] != [one.stem for one in alphas] or not shown:
        raise _unmatched(clip, f"'{plates.name}' and 'pha' hold different frames")
    mask = next((one for m in masks for one in (m / f"{clip.name}.png", m / f"{clip.name}.jpg") if one.is_file()), None)
    return Entry(f"{kind}-{clip.name}", kind, shown, alphas, mask=mask)


def _mask_folders(folder: Path) -> list[Path]:
    found = [
        one for home in (folder, folder.parent, folder.parent.parent) for one in home.glob("*first_frame_seg_mask*")
    ]
    return [inside for one in found for inside in (one, one / folder.name)]


def _images(folder: Path) -> tuple[Path, ...]:
    if not folder.is_dir():
        return ()
    files = (one for one in folder.iterdir() if not one.name.startswith("."))
    return tuple(sorted(one for one in files if one.suffix[1:].lower() in EXTENSIONS))


def _by_stem(folder: Path) -> dict[str, Path]:
    return {one.stem: one for one in _images(folder)}


def _either(path: Path) -> Path:
    """Give a background under its listed name, or as the PNG that some copies of the set hold instead."""
    return path if path.exists() else path.with_suffix(".png")


def _unmatched(folder: Path, what: str) -> EngineError:
    return EngineError("evaluate.unmatched", f"'{folder}': {what}.", "Unpack the set again.")
