"""Tiny data sets in the layouts of the published ones, made of real pictures, movies and annotations."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING

import av
import cv2
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

HEIGHT, WIDTH = 40, 48


@dataclass
class Maker:
    """Writes one set; every picture differs, so that a wrong pair cannot pass for the right one.

    Attributes:
        root: the set's folder.
        alphas: what was written, by file.
        plates: the same.
    """

    root: Path
    alphas: dict[str, np.ndarray] = field(default_factory=dict)
    plates: dict[str, np.ndarray] = field(default_factory=dict)

    def _rng(self) -> np.random.Generator:
        return np.random.default_rng(len(self.alphas) * 1000 + len(self.plates))

    def plate(self, name: str) -> None:
        """A smooth picture, of its own colour."""
        small = self._rng().integers(40, 216, (4, 4, 3)).astype(np.uint8)
        self.plates[name] = cv2.resize(small, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
        self._write(name, self.plates[name][..., ::-1])

    def alpha(self, name: str, *, hard: bool = False) -> None:
        """A disc with a soft or a hard edge, of its own size and place."""
        self.alphas[name] = disc(self._rng(), hard=hard)
        self._write(name, self.alphas[name])

    def pair(self, plate: str, alpha: str) -> None:
        """A plate and its alpha."""
        self.plate(plate)
        self.alpha(alpha)

    def rgba(self, name: str) -> None:
        """A foreground that bears its alpha."""
        alpha = disc(self._rng())
        self.plate(name)
        self.alphas[name] = alpha
        self._write(name, np.dstack([self.plates[name][..., ::-1], alpha]))

    def colours(self, name: str, objects: int) -> None:
        """Annotations as DAVIS has them: a PNG with a palette, or its colours."""
        codes = np.zeros((HEIGHT, WIDTH), np.uint8)
        for n in range(objects):
            codes[disc(np.random.default_rng(n + 1), hard=True) > 0] = n + 1
        self.alphas[name] = codes
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        palette = np.zeros((256, 4), np.uint8)
        palette[1:4, :3] = [[128, 0, 0], [0, 128, 0], [128, 128, 0]]
        palette[:, 3] = 255
        write_palette_png(path, codes, palette)

    def movie(self, name: str, frames: list[np.ndarray]) -> None:
        """A movie in H.264 with frames that need their neighbours."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with av.open(str(path), "w") as movie:
            stream = movie.add_stream("libx264", rate=24, options={"crf": "6", "bf": "2", "g": "8"})
            stream.height, stream.width, stream.pix_fmt = *frames[0].shape[:2], "yuv420p"
            for frame in frames:
                movie.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
            movie.mux(stream.encode())

    def masklets(self, name: str, masks_tnhw: list[list[np.ndarray]]) -> None:
        """Annotations as SA-V has them."""
        runs = [[{"size": list(mask.shape), "counts": run_length_text(mask)} for mask in masks] for masks in masks_tnhw]
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"video_id": path.stem, "masklet": runs}))

    def text(self, name: str, text: str) -> None:
        """A list of clips."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def _write(self, name: str, bgr: np.ndarray) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        assert cv2.imwrite(str(path), np.ascontiguousarray(bgr), [cv2.IMWRITE_JPEG_QUALITY, 100])


def disc(rng: np.random.Generator, *, hard: bool = False) -> np.ndarray:
    """A disc (HEIGHT, WIDTH) uint8."""
    x, y, radius = rng.uniform(16, 32), rng.uniform(14, 26), rng.uniform(8, 12)
    rows, columns = np.mgrid[:HEIGHT, :WIDTH] + 0.5
    inside = radius - np.hypot(columns - x, rows - y)
    return ((inside > 0 if hard else np.clip(inside / 5, 0, 1)) * 255).astype(np.uint8)


def counter(frame: int, *, height: int = HEIGHT, width: int = WIDTH) -> np.ndarray:
    """A frame of a movie whose grey says which it is."""
    return np.full((height, width, 3), 20 + 8 * frame, np.uint8)


def write_palette_png(path: Path, codes: np.ndarray, palette_rgba: np.ndarray) -> None:
    """A PNG of 8-bit indices into a palette."""
    encoder = av.CodecContext.create("png", "w")
    encoder.height, encoder.width, encoder.pix_fmt = *codes.shape, "pal8"
    encoder.time_base = Fraction(1, 24)
    frame = av.VideoFrame.from_ndarray((codes, np.ascontiguousarray(palette_rgba[:, [3, 0, 1, 2]])), format="pal8")
    path.write_bytes(b"".join(bytes(packet) for packet in [*encoder.encode(frame), *encoder.encode(None)]))


def run_length_text(mask: np.ndarray) -> str:
    """COCO's text for a mask: runs along columns, those from the fourth on as differences, five bits a character."""
    flat = (mask.T.reshape(-1) > 0).astype(int)
    edges = np.flatnonzero(np.diff(flat)) + 1
    bounds = [0, *([0] if flat[0] else []), *edges.tolist(), len(flat)]
    lengths = np.diff(bounds).tolist()
    differences = [run - lengths[n - 2] if n > 2 else run for n, run in enumerate(lengths)]
    return "".join(letter for value in differences for letter in _characters(value))


def _characters(value: int) -> Iterator[str]:
    while True:
        low, value = value & 0x1F, value >> 5
        done = value == (-1 if low & 0x10 else 0)
        yield chr(48 + low + (0 if done else 0x20))
        if done:
            return


def _composition_1k(make: Maker) -> None:
    for name in ("a", "b"):
        make.pair(f"Train/fg/{name}.jpg", f"Train/alpha/{name}.png")
    make.pair("merged/test_0.png", "alpha_copy/test_0.png")


def _distinctions(make: Maker) -> None:
    for split, name in (("Train", "1"), ("Train", "2"), ("Test", "3")):
        make.pair(f"{split}/FG/{name}.jpg", f"{split}/GT/{name}.png")


def _am_2k(make: Maker) -> None:
    for split, name in (("train", "m_1"), ("validation", "m_2")):
        make.pair(f"{split}/original/{name}.jpg", f"{split}/mask/{name}.png")


def _p3m(make: Maker) -> None:
    make.pair("train/blurred_image/p_1.jpg", "train/mask/p_1.png")
    make.pair("validation/P3M-500-P/blurred_image/p_2.jpg", "validation/P3M-500-P/mask/p_2.png")
    make.pair("validation/P3M-500-NP/original_image/p_3.jpg", "validation/P3M-500-NP/mask/p_3.png")
    make.alpha("validation/P3M-500-NP/trimap/p_3.png")


def _p3m_500_np(make: Maker) -> None:
    make.pair("original_image/p_3.jpg", "mask/p_3.png")


def _aim(make: Maker) -> None:
    for name in ("o_1", "o_2"):
        make.pair(f"original/{name}.jpg", f"mask/{name}.png")
        make.alpha(f"trimap/{name}.png")


def _transparent(make: Maker) -> None:
    for split, name in (("Train", "t_1"), ("Train", "t_2"), ("Test", "t_3")):
        make.pair(f"{split}/fg/{name}.jpg", f"{split}/alpha/{name}.jpg")


def _fg_alpha(make: Maker) -> None:
    for name in ("9", "10", "11"):
        make.pair(f"fgr/{name}.png", f"pha/{name}.png")


def _refmatte(make: Maker) -> None:
    make.pair("train/img/r_1.jpg", "train/mask/r_1.png")
    make.plate("test/img/r_2.jpg")
    make.alpha("test/mask/r_2_0.png")
    make.alpha("test/mask/r_2_1.png")


def _him2k(make: Maker) -> None:
    make.plate("images/natural/h_1.jpg")
    for n in range(2):
        make.alpha(f"alphas/natural/h_1/{n:02d}.png")
    make.pair("images/train/h_2.jpg", "alphas/train/h_2/00.png")


def _vm108(make: Maker) -> None:
    for clip in ("cat", "smoke", "veil"):
        for frame in range(3):
            make.rgba(f"FG_done/{clip}/{frame:05d}.png")
    make.text("train_videos.txt", "cat\nsmoke\n")
    make.text("val_videos.txt", "veil\n")


def _videomatte(make: Maker) -> None:
    for split in ("train", "test"):
        for frame in range(4):
            make.pair(f"{split}/fgr/0000/{frame:05d}.jpg", f"{split}/pha/0000/{frame:05d}.jpg")


def _videomatte_movies(make: Maker) -> None:
    frames = [counter(n) for n in range(12)]
    make.movie("train/fgr/0000.mp4", frames)
    make.movie("train/pha/0000.mp4", [np.full_like(frame, 255) - frame for frame in frames])


def _youtubematte(make: Maker) -> None:
    for split in ("motion", "static"):
        for frame in range(2):
            clip = f"youtubematte_512x288/youtubematte_{split}/0000"
            make.pair(f"{clip}/har/{frame:04d}.png", f"{clip}/pha/{frame:04d}.png")


def _videomatte_composited(make: Maker) -> None:
    for split in ("motion", "static"):
        for frame in range(2):
            make.pair(f"videomatte_{split}/0000/com/{frame:04d}.png", f"videomatte_{split}/0000/pha/{frame:04d}.png")


def _v_him60(make: Maker) -> None:
    for frame in range(3):
        make.plate(f"comp_easy/fgr/v1/{frame:04d}.jpg")
        for n in range(2 if frame else 1):
            make.alpha(f"comp_easy/alpha/v1/{frame:04d}/{n:02d}.png")


def _davis(make: Maker) -> None:
    for clip in ("bear", "dogs"):
        for frame in range(3):
            make.plate(f"JPEGImages/480p/{clip}/{frame:05d}.jpg")
            make.colours(f"Annotations/480p/{clip}/{frame:05d}.png", 2)
    make.text("ImageSets/2017/train.txt", "bear\n")
    make.text("ImageSets/2017/val.txt", "dogs\n")


def _youtube_vos(make: Maker) -> None:
    for frame in range(0, 20, 5):
        make.plate(f"train/JPEGImages/00a/{frame:05d}.jpg")
        make.colours(f"train/Annotations/00a/{frame:05d}.png", 3)


def _sa_v(make: Maker) -> None:
    make.movie("sav_train/sav_000/sav_000001.mp4", [counter(n) for n in range(13)])
    masks = [[disc(np.random.default_rng(10 * t + n), hard=True) for n in range(2)] for t in range(4)]
    make.alphas |= {f"{t}/{n}": masks[t][n] for t in range(4) for n in range(2)}
    make.masklets("sav_train/sav_000/sav_000001_manual.json", masks)


def _sa_v_val(make: Maker) -> None:
    for frame in range(8):
        make.plate(f"JPEGImages_24fps/sav_9/{frame:05d}.jpg")
    for number in ("000", "001"):
        for frame in (0, 4):
            make.alpha(f"Annotations_6fps/sav_9/{number}/{frame:05d}.png", hard=True)


def _bg_20k(make: Maker) -> None:
    for name in ("train/h_0a.jpg", "train/h_1b.jpg", "testval/h_2c.jpg"):
        make.plate(name)


def _coco(make: Maker) -> None:
    for name in ("train2017/000000000009.jpg", "train2017/000000000025.jpg", "val2017/000000000139.jpg"):
        make.plate(name)


def _dvm(make: Maker) -> None:
    for frame in range(4):
        make.plate(f"train/0000/{frame:04d}.jpg")


def _backgrounds(make: Maker) -> None:
    for frame in range(1, 4):
        make.plate(f"clips/walk/{frame:04d}.jpg")
    make.plate("stills/tree.jpg")
    make.plate("stills/wall.png")
    make.movie("street.mp4", [counter(n) for n in range(6)])


@dataclass(frozen=True)
class Folder:
    """A set: how to make it, and what a reader must find: (items, frames, objects) for each split."""

    layout: str
    write: Callable[[Maker], None]
    splits: dict[str, tuple[int, int, int]]


FOLDERS = {
    "composition-1k": Folder("composition-1k", _composition_1k, {"train": (2, 2, 1), "test": (1, 1, 1)}),
    "distinctions-646": Folder("distinctions-646", _distinctions, {"Train": (2, 2, 1), "Test": (1, 1, 1)}),
    "am-2k": Folder("am-2k", _am_2k, {"train": (1, 1, 1), "validation": (1, 1, 1)}),
    "p3m-10k": Folder("p3m-10k", _p3m, {"train": (1, 1, 1), "P3M-500-P": (1, 1, 1), "P3M-500-NP": (1, 1, 1)}),
    "p3m-500-np": Folder("p3m-500-np", _p3m_500_np, {"test": (1, 1, 1)}),
    "aim-500": Folder("aim-500", _aim, {"test": (2, 2, 1)}),
    "transparent-460": Folder("transparent-460", _transparent, {"Train": (2, 2, 1), "Test": (1, 1, 1)}),
    "fg-alpha": Folder("fg-alpha", _fg_alpha, {"train": (3, 3, 1)}),
    "refmatte": Folder("refmatte", _refmatte, {"train": (1, 1, 1), "test": (1, 1, 2)}),
    "him2k": Folder("him2k", _him2k, {"natural": (1, 1, 2), "train": (1, 1, 1)}),
    "vm108": Folder("vm108", _vm108, {"train": (2, 6, 1), "val": (1, 3, 1)}),
    "videomatte240k": Folder("videomatte240k", _videomatte, {"train": (1, 4, 1), "test": (1, 4, 1)}),
    "videomatte240k, movies": Folder("videomatte240k", _videomatte_movies, {"train": (1, 12, 1)}),
    "youtubematte": Folder("youtubematte", _youtubematte, {"motion": (1, 2, 1), "static": (1, 2, 1)}),
    "videomatte": Folder("videomatte", _videomatte_composited, {"motion": (1, 2, 1), "static": (1, 2, 1)}),
    "v-him60": Folder("v-him60", _v_him60, {"comp_easy": (1, 3, 2)}),
    "davis-2017": Folder("davis-2017", _davis, {"train": (1, 3, 2), "val": (1, 3, 2)}),
    "youtube-vos": Folder("youtube-vos", _youtube_vos, {"train": (1, 4, 3)}),
    "sa-v": Folder("sa-v", _sa_v, {"sav_train": (1, 4, 2)}),
    "sa-v, val": Folder("sa-v", _sa_v_val, {"val": (1, 2, 2)}),
    "bg-20k": Folder("bg-20k", _bg_20k, {"train": (2, 2, 0), "testval": (1, 1, 0)}),
    "coco": Folder("coco", _coco, {"train": (2, 2, 0), "val": (1, 1, 0)}),
    "dvm": Folder("dvm", _dvm, {"train": (1, 4, 0)}),
    "backgrounds": Folder("backgrounds", _backgrounds, {"all": (4, 11, 0)}),
}


def make_folder(name: str, root: Path) -> Maker:
    """Write one of `FOLDERS`."""
    maker = Maker(root)
    root.mkdir(parents=True, exist_ok=True)
    FOLDERS[name].write(maker)
    return maker
