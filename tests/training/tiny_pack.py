"""A pack of pictures small enough for tests: every kind, both splits, two tiers, made of seeded noise and shapes."""

import csv

import cv2
import numpy as np

SIZE_HW = (60, 80)


def make_pack(folder):
    """Write a pack with its index; give the folder."""
    rng = np.random.default_rng(5)
    rows = []
    for split in ("train", "dev"):
        for tier in ("A", "SA"):
            for kind, names in (("background", 3), ("texture", 1), ("cutout", 2), ("masked", 2)):
                stem = f"{kind}_{split}_{tier}"
                rows += [_write(folder, rng, kind, f"{stem}_{number}", split, tier) for number in range(names)]
    with (folder / "index.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, ["file", "kind", "tier", "split"])
        writer.writeheader()
        writer.writerows(rows)
    return folder


def disc(centre, radius):
    """A mask (H, W) uint8, 255 inside."""
    y, x = np.mgrid[: SIZE_HW[0], : SIZE_HW[1]]
    return np.where(np.hypot(y - centre[0], x - centre[1]) < radius, 255, 0).astype(np.uint8)


def _write(folder, rng, kind, name, split, tier):
    picture = cv2.resize(rng.integers(0, 256, (6, 8, 3), dtype=np.uint8), SIZE_HW[::-1])
    suffix = "png" if kind == "cutout" else "jpg"
    if kind == "cutout":
        picture = np.dstack([picture, cv2.GaussianBlur(disc((30, 40), 20), (7, 7), 0)])
    if kind == "masked":
        marks = np.zeros(SIZE_HW, np.uint8)
        marks[disc((20, 25), 12) > 0], marks[disc((40, 60), 14) > 0], marks[:4] = 1, 7, 255
        cv2.imwrite(str(folder / f"{name}_inst.png"), marks)
    cv2.imwrite(str(folder / f"{name}.{suffix}"), picture)
    return {"file": f"{name}.{suffix}", "kind": kind, "tier": tier, "split": split}
