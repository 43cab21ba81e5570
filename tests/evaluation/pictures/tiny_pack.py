"""A pack of a few small pictures, drawn with the sizes, kinds and columns of a real one."""

import csv

import cv2
import numpy as np

WIDTH, HEIGHT = 96, 64
COLUMNS = ("file", "kind", "tier", "split", "licence")


def make_pack(folder):
    """Write it: three backgrounds, two cut-outs and two masked pictures of `dev`, and one of each for training."""
    rows = []
    for number, split in enumerate(("dev", "dev", "dev", "train")):
        rows.append((f"bg_{number % 2}/back{number}.jpg", "background", "A", split))
        _write(folder / rows[-1][0], _photograph(number))
    for number, (kind, split) in enumerate((("cut_keyed", "dev"), ("cut_cc0", "dev"), ("cut_cc0", "train"))):
        rows.append((f"{kind}/thing{number}.webp", "cutout", "A", split))
        alpha = np.rint(255 * _disc((40, 40), 20, 20, 15, soft=4)).astype(np.uint8)
        _write(folder / rows[-1][0], np.dstack([_photograph(7 + number)[:40, :40], alpha]))
    for number, (tier, split) in enumerate((("A", "dev"), ("SA", "dev"), ("A", "train"))):
        rows.append((f"masked/scene{number}.jpg", "masked", tier, split))
        plate, instances = scene(number)
        _write(folder / rows[-1][0], plate)
        _write(folder / f"masked/scene{number}_inst.png", instances)
    with (folder / "index.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows([*row, "CC0-1.0"] for row in rows)
    return folder


def scene(number):
    """Draw a picture with a large bright disc (1), a small square (2), a speck (3) and a corner that does not count."""
    plate, instances = _photograph(20 + number), np.zeros((HEIGHT, WIDTH), np.uint8)
    disc = _disc((HEIGHT, WIDTH), 40 + 4 * number, 30, 18) > 0.5
    plate[disc], instances[disc] = (230, 200, 60), 1
    plate[8:16, 76:86], instances[8:16, 76:86] = (30, 60, 220), 2
    instances[60:62, 2:4] = 3
    instances[:4, :4] = 255
    return plate, instances


def _photograph(seed):
    coarse = np.random.default_rng(seed).integers(0, 255, (6, 9, 3), dtype=np.uint8)
    return cv2.resize(coarse, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)


def _disc(size_hw, x, y, radius, soft=0.5):
    rows, columns = np.mgrid[: size_hw[0], : size_hw[1]]
    return np.clip((radius - np.hypot(columns - x, rows - y)) / soft + 0.5, 0, 1)


def _write(path, picture):
    path.parent.mkdir(parents=True, exist_ok=True)
    code = {2: None, 3: cv2.COLOR_RGB2BGR, 4: cv2.COLOR_RGBA2BGRA}[
        picture.ndim if picture.ndim == 2 else picture.shape[2]
    ]
    assert cv2.imwrite(str(path), picture if code is None else cv2.cvtColor(picture, code))
