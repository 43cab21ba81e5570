"""Is a trimap from the picture better than the mask's band of doubt? Both with the same masks and the same matter.

    python benchmarks/picture_trimap.py [--weights FILE] [--matter starter] [--pack FOLDER] [--clips 40] [--json FILE]

Pictures are composites with exact alpha: drawn subjects that training never sees, kinds in turn, before photographs of
a pack's `dev` split (`--pack`), else before their own drawn backgrounds; of a pack also its `dev` cut-outs. Each is
matted with two masks: `exact`, what a tracker is taught (everything that can be seen of the object, in 256 x 256
cells), and `worn`, as trackers wear theirs.

MAD is that of the alpha, times 1000, over the whole picture: `band mad` with the trimap of `uncertainty_band`,
`picture mad` with that of the network, `true mad` with the true trimap, grown by as little as the network learns to.
`band wrong percent` and `picture wrong percent` are shares of pixels that a trimap calls known and that are not so;
`unknown` those that it leaves to the matter. See-through kinds are those with alpha inside and not only at the edge.
"""

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

import cv2
import numpy as np
import torch
from outcome import add_outcome_options, publish, size_of
from torch import Tensor

from engine.clips.drawn import KINDS, TRANSLUCENT, UNSEEN_SEED, render_linear
from engine.clips.drawn.motion import Bytes, Floats, to_display, to_linear
from engine.datasets.pictures import read_picture
from engine.model.mam2 import uncertainty_band
from engine.model.picture_trimap import PictureTrimap
from engine.session.fit import to_square, to_tensor, trimap_to_plate
from engine.session.matting import Matter, MatterLimits, matte
from engine.session.trimap_from_picture import mask_logits, trimap_from_picture
from engine.training.losses import KNOWN_WITHIN, mask_target, rough_trimap
from engine.training.pictures.stills import Pack, read_pack
from engine.training.worn_masks import worn_mask
from engine.weights.models import load_matter, load_picture_trimap

SOLID, SEE_THROUGH = "solid kinds", "see-through kinds"
_SQUARE = 1024  # SAM 2's, in which masks are made
_CLEAR = {"smoke", "puff", "explosion", "flash"}  # what cut-outs of a pack that can be seen through are called
_GROWN = 4  # pixels that the true trimap's unknown region is grown by


@dataclass(frozen=True)
class Picture:
    """One composite: (H, W, 3) uint8 sRGB, (H, W) float32 alpha in 0..1, and of which kind its subject is."""

    kind: str
    see_through: bool
    plate_hw3: Bytes
    alpha_hw: Floats


@dataclass(frozen=True)
class Row:
    """One kind of subject with one kind of mask, as above."""

    kind: str
    mask: str
    pictures: int
    band_mad: float
    picture_mad: float
    ratio: float
    true_mad: float
    band_wrong_percent: float
    picture_wrong_percent: float
    band_unknown_percent: float
    picture_unknown_percent: float


@dataclass(frozen=True)
class Score:
    """One picture with one mask."""

    kind: str
    see_through: bool
    mask: str
    mad: dict[str, float]
    wrong: dict[str, float]
    unknown: dict[str, float]


def main() -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", type=Path, help="a file with the network; default: what a sam2.1-* takes")
    parser.add_argument("--matter", default="starter", help="as --model of `mam2 matte`")
    parser.add_argument("--pack", type=Path, help="a pack of free pictures")
    parser.add_argument("--clips", type=int, default=40, help="drawn subjects")
    parser.add_argument("--size", type=size_of, default=(768, 512), metavar="WIDTHxHEIGHT")
    parser.add_argument("--sheet", type=Path, help="write a picture of plates, masks, trimaps and alphas here")
    add_outcome_options(parser)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    network, matter = load_picture_trimap(options.weights), load_matter(options.matter)
    scores, strips = [], []
    for number, picture in enumerate(pictures(options.clips, options.size, options.pack)):
        for mask in ("exact", "worn"):
            score, strip = judged(network, matter, picture, mask, number)
            scores.append(score)
            strips.append(strip)
        print(number, picture.kind, scores[-2].mad, scores[-1].mad, file=sys.stderr, flush=True)
    if options.sheet:
        cv2.imwrite(str(options.sheet), np.concatenate(strips)[..., ::-1])
    publish("picture_trimap", rows(scores), options.json)
    return 0


def pictures(clips: int, size: tuple[int, int], folder: Path | None) -> Iterator[Picture]:
    """Make the composites, the same whenever they are asked for."""
    pack = read_pack(folder, "dev") if folder else None
    for number in range(clips):
        kind = KINDS[number % len(KINDS)]
        clip = render_linear(
            UNSEEN_SEED + 50_000 + number, kind=kind, frames=1, size_hw=size[::-1], camera=pack is None
        )
        plate = clip.plates_thwc[0]
        if pack:
            plate = _over(clip.foreground_thwc[0], clip.alpha_thw[0], _behind(pack, number, size))
        yield Picture(kind, kind in TRANSLUCENT, to_display(plate), clip.alpha_thw[0])
    for number, cut in enumerate(pack.of("cutout") if pack else ()):
        rgba = _placed(read_picture(cut.path), number, size)
        front, alpha = to_linear(rgba[..., :3]), rgba[..., 3]
        clear = any(word in cut.path.stem for word in _CLEAR)
        plate = to_display(_over(front, alpha, _behind(pack, clips + number, size)))  # type: ignore[arg-type]
        yield Picture("cut-out, see-through" if clear else "cut-out, solid", clear, plate, alpha)


@torch.inference_mode()
def judged(network: PictureTrimap, matter: Matter, picture: Picture, kind: str, number: int) -> tuple[Score, Bytes]:
    """Matte a picture with one mask and each trimap; give the figures, and a strip of pictures to look at."""
    plate = to_tensor(np.divide(picture.plate_hw3, 255, dtype=np.float32), torch.device("cpu"))
    alpha = torch.from_numpy(picture.alpha_hw)[None, None]
    size = (plate.shape[-1], plate.shape[-2])
    square = to_square(alpha, _SQUARE)
    if kind == "exact":
        mask = mask_logits(mask_target(square))
    else:
        mask = worn_mask(square, torch.Generator().manual_seed(number))
    logits, covers = trimap_from_picture(network, plate, mask)
    trimaps = {
        "band": trimap_to_plate(uncertainty_band(mask), size),
        "picture": trimap_to_plate(logits, size, covers),
        "true": rough_trimap(alpha, _GROWN),
    }
    alphas = {name: matte(matter, plate, trimap, MatterLimits()) for name, trimap in trimaps.items()}
    score = Score(
        picture.kind,
        picture.see_through,
        kind,
        {name: 1000 * float((guess - alpha).abs().mean()) for name, guess in alphas.items()},
        {name: _wrong(trimap, alpha) for name, trimap in trimaps.items()},
        {name: 100 * float((trimap == 0.5).float().mean()) for name, trimap in trimaps.items()},
    )
    shown = [mask_shown(mask, size), trimaps["band"], trimaps["picture"], alphas["band"], alphas["picture"], alpha]
    strip = [picture.plate_hw3, *(_grey(layer) for layer in shown)]
    return score, np.concatenate([cv2.resize(one, (192, 128), interpolation=cv2.INTER_AREA) for one in strip], axis=1)


def mask_shown(mask_11hw: Tensor, size: tuple[int, int]) -> Tensor:
    """Give a mask's certainty at the plate's size."""
    return torch.nn.functional.interpolate(mask_11hw, size[::-1], mode="bilinear").sigmoid()


def rows(scores: list[Score]) -> list[Row]:
    """Give the mean of each kind, of solid and of see-through kinds, and of all."""
    found = []
    for mask in ("exact", "worn"):
        own = [score for score in scores if score.mask == mask]
        found += [_row(kind, mask, [s for s in own if s.kind == kind]) for kind in dict.fromkeys(s.kind for s in own)]
        for name, clear in ((SOLID, False), (SEE_THROUGH, True)):
            found.append(_row(name, mask, [score for score in own if score.see_through is clear]))
        found.append(_row("all", mask, own))
    return found


def _row(kind: str, mask: str, scores: list[Score]) -> Row:
    mad, wrong, unknown = (
        {name: fmean(getattr(score, what)[name] for score in scores) for name in ("band", "picture", "true")}
        for what in ("mad", "wrong", "unknown")
    )
    return Row(
        kind,
        mask,
        len(scores),
        mad["band"],
        mad["picture"],
        mad["picture"] / mad["band"],
        mad["true"],
        wrong["band"],
        wrong["picture"],
        unknown["band"],
        unknown["picture"],
    )


def _wrong(trimap_11hw: Tensor, alpha_11hw: Tensor) -> float:
    lost = (trimap_11hw == 0) & (alpha_11hw > KNOWN_WITHIN)
    filled = (trimap_11hw == 1) & (alpha_11hw < 1 - KNOWN_WITHIN)
    return 100 * float((lost | filled).float().mean())


def _over(front_hw3: Floats, alpha_hw: Floats, behind_hw3: Floats) -> Floats:
    return front_hw3 * alpha_hw[..., None] + behind_hw3 * (1 - alpha_hw[..., None])


def _behind(pack: Pack, number: int, size: tuple[int, int]) -> Floats:
    """Give a photograph in linear light, cut to the size's shape."""
    chosen = np.random.default_rng([number, 3]).permutation(len(pack.of("background")))[0]
    picture = read_picture(pack.of("background")[int(chosen)].path)
    picture = np.repeat(picture[..., None], 3, axis=2) if picture.ndim == 2 else picture[..., :3]
    scale = max(size[0] / picture.shape[1], size[1] / picture.shape[0])
    large = cv2.resize(picture, None, fx=scale * 1.001, fy=scale * 1.001, interpolation=cv2.INTER_AREA)
    top, left = (large.shape[0] - size[1]) // 2, (large.shape[1] - size[0]) // 2
    return to_linear(large[top : top + size[1], left : left + size[0]].astype(np.float32) / 255)


def _placed(rgba: Bytes, number: int, size: tuple[int, int]) -> Floats:
    """Place a cut-out (h, w, 4) in an empty picture (H, W, 4), in 0..1."""
    rng = np.random.default_rng([number, 4])
    scale = float(rng.uniform(0.5, 0.9)) * min(size[0] / rgba.shape[1], size[1] / rgba.shape[0])
    x, y = (rng.uniform(0.3, 0.7) * room for room in size)
    move = np.array([[scale, 0, x - scale * rgba.shape[1] / 2], [0, scale, y - scale * rgba.shape[0] / 2]])
    alpha = rgba[..., 3:].astype(np.float32) / 255
    solid = np.dstack([rgba[..., :3] * (alpha / 255), alpha])
    moved = cv2.warpAffine(cv2.blur(solid, (3, 3)) if scale < 0.5 else solid, move, size, flags=cv2.INTER_LINEAR)
    moved[..., :3] /= np.maximum(moved[..., 3:], 1e-3)
    return np.clip(moved, 0, 1)


def _grey(layer_11hw: Tensor) -> Bytes:
    codes = (layer_11hw[0, 0].numpy() * 255 + 0.5).astype(np.uint8)
    return np.repeat(codes[..., None], 3, axis=2)


if __name__ == "__main__":
    sys.exit(main())
