"""The table of data sets: where each keeps its plates and labels, what they can teach, and which are benchmarks."""

from dataclasses import dataclass
from enum import Enum

from engine.datasets.items import Labels
from engine.datasets.pictures import MOVIES, PICTURES


class Source(Enum):
    """Where a sample's labels come from; the value names the paper's data classes.

    Video object segmentation knows masks, video matting alpha over time, image matting alpha of one picture.
    A procedural clip knows all of it exactly.
    """

    VOS = "vos"
    VM = "vm"
    IM = "im"
    PROCEDURAL = "procedural"

    @property
    def teaches_masks(self) -> bool:
        """1[VOS]."""
        return self in (Source.VOS, Source.PROCEDURAL)

    @property
    def teaches_trimaps(self) -> bool:
        """1[VM] + 1[IM]."""
        return self is not Source.VOS

    @property
    def teaches_alpha(self) -> bool:
        """1[IM]."""
        return self in (Source.IM, Source.PROCEDURAL)


@dataclass(frozen=True)
class Row:
    """One place where a set keeps items; see `patterns.walk` for how places are written.

    Attributes:
        plates: of the plates. The words `split`, `part` and `clip` say which item, `frame` which frame.
        labels: of the labels, with the same words and `object`; empty where there are none or the plates hold them.
        whole: the plates are whole pictures; otherwise foregrounds to be set before a background.
        split: where the names do not tell.
        kind: how to understand the labels.
        sparse: labels may have fewer frames than plates.
        suffixes: of the plates' files.
        label_suffixes: of the labels' files.
    """

    plates: str
    labels: str = ""
    whole: bool = True
    split: str = ""
    kind: Labels = Labels.ALPHA
    sparse: bool = False
    suffixes: frozenset[str] = PICTURES
    label_suffixes: frozenset[str] = PICTURES


@dataclass(frozen=True)
class Layout:
    """A data set as published.

    Attributes:
        name: as it is given to `mam2 train --data NAME=DIR` and `mam2 evaluate NAME --data DIR`.
        source: what its labels can teach; None for backgrounds.
        rows: where things are.
        lists: text files that tell which clips a split has.
        judged: splits that a benchmark is made of; none where the set is no benchmark.
        looks: the benchmark's folder in words, for somebody whose folder is not found to be one.
        prompt: what a clip of it is given when nobody says: a mask where the set publishes masks for first frames.
    """

    name: str
    source: Source | None
    rows: tuple[Row, ...]
    lists: str = ""
    judged: tuple[str, ...] = ()
    looks: str = ""
    prompt: str = "point"


def _pairs(*rows: tuple[str, str, str]) -> tuple[Row, ...]:
    """Foreground and alpha, in a folder each: a split and its two folders."""
    return tuple(Row(f"{fg}/{{clip}}", f"{alpha}/{{clip}}", whole=False, split=split) for split, fg, alpha in rows)


def _whole(*rows: tuple[str, str, str]) -> tuple[Row, ...]:
    """Picture and alpha, in a folder each: a split and its two folders."""
    return tuple(Row(f"{picture}/{{clip}}", f"{alpha}/{{clip}}", split=split) for split, picture, alpha in rows)


def _composited(name: str, plates: str) -> tuple[Row, ...]:
    """Composites and alphas in a folder a clip: a set in one size, or its sizes side by side."""
    homes = (f"{name}_{{split}}", f"{name}_{{part}}/{name}_{{split}}")
    return tuple(Row(f"{home}/{{clip}}/{plates}/{{frame}}", f"{home}/{{clip}}/pha/{{frame}}") for home in homes)


def _masklets(movie: str, split: str = "") -> Row:
    """A movie, and JSON files beside it that bear its name and more."""
    return Row(
        movie,
        movie + "_{object}",
        split=split,
        kind=Labels.MASKLETS,
        suffixes=MOVIES,
        label_suffixes=frozenset({".json"}),
    )


_IM, _VM, _VOS = Source.IM, Source.VM, Source.VOS
_ADOBE = "Combined_Dataset/{split}_set/{part}"
_CLIP = "{clip}/{frame}"
_FG, _ALPHA = "fg|fgr|foreground", "alpha|pha"

LAYOUTS = {
    layout.name: layout
    for layout in (
        Layout(
            "composition-1k",
            _IM,
            (
                *_pairs(("train", "Train/fg", "Train/alpha"), ("", f"{_ADOBE}/fg", f"{_ADOBE}/alpha")),
                *_whole(
                    ("test", "merged", "alpha_copy"),
                    ("test", "Test/merged", "Test/alpha_copy"),
                ),
            ),
        ),
        Layout("distinctions-646", _IM, _pairs(("", "{split}/FG", "{split}/GT"))),
        Layout("am-2k", _IM, _whole(("", "{split}/original", "{split}/mask"))),
        Layout(
            "p3m-10k",
            _IM,
            _whole(
                ("train", "train/blurred_image", "train/mask"),
                ("", "validation/{split}/original_image|blurred_image", "validation/{split}/mask"),
            ),
        ),
        Layout(
            "p3m-500-np",
            _IM,
            _whole(
                ("test", "original_image", "mask"),
                ("test", "validation/P3M-500-NP/original_image", "validation/P3M-500-NP/mask"),
            ),
            judged=("test",),
            looks="P3M-500-NP with folders 'original_image', 'mask' and 'trimap'",
        ),
        Layout(
            "aim-500",
            _IM,
            _whole(("test", "original", "mask")),
            judged=("test",),
            looks="folders 'original', 'mask' and 'trimap'",
        ),
        Layout("transparent-460", _IM, _pairs(("", "{split}/fg", "{split}/alpha"))),
        Layout("fg-alpha", _IM, _pairs(("", f"{{split}}/{_FG}", f"{{split}}/{_ALPHA}"), ("train", _FG, _ALPHA))),
        Layout(
            "refmatte",
            _IM,
            (
                *_whole(("test", "image|img", "mask"), ("", "{split}/image|img", "{split}/mask")),
                Row("image|img/{clip}", "mask/{clip}_{object}", split="test"),
                Row("{split}/image|img/{clip}", "{split}/mask/{clip}_{object}"),
            ),
        ),
        Layout("him2k", _IM, (Row("images/{split}/{clip}", "alphas/{split}/{clip}/{object}"),)),
        Layout(
            "vm108",
            _VM,
            (Row(f"FG_done/{_CLIP}", whole=False, kind=Labels.OWN),),
            lists="{split}_videos",
            judged=("val",),
            looks="FG_done, BG_done, frame_corr.json and val_videos.txt, as VideoMatting108 unpacks",
        ),
        Layout(
            "videomatte240k",
            _VM,
            (
                Row("{split}/fgr/" + _CLIP, "{split}/pha/" + _CLIP, whole=False),
                Row("{split}/fgr/{clip}", "{split}/pha/{clip}", False, suffixes=MOVIES, label_suffixes=MOVIES),
            ),
        ),
        Layout(
            "youtubematte",
            _VM,
            _composited("youtubematte", "har|harmonized|com"),
            judged=("motion", "static"),
            looks="youtubematte_motion and youtubematte_static with one folder a clip, and in it 'pha' and the plates",
            prompt="mask",
        ),
        Layout(
            "videomatte",
            _VM,
            _composited("videomatte", "com"),
            judged=("motion", "static"),
            looks="videomatte_motion and videomatte_static with one folder a clip, and in it 'pha' and 'com'",
        ),
        Layout("v-him60", _VM, (Row("{split}/fgr/" + _CLIP, "{split}/alpha/" + _CLIP + "/{object}"),)),
        Layout(
            "davis-2017",
            _VOS,
            (Row("JPEGImages/{part}/" + _CLIP, "Annotations/{part}/" + _CLIP, kind=Labels.COLOURS, sparse=True),),
            lists="ImageSets/2017/{split}",
        ),
        Layout(
            "youtube-vos",
            _VOS,
            (Row("{split}/JPEGImages/" + _CLIP, "{split}/Annotations/" + _CLIP, kind=Labels.COLOURS, sparse=True),),
        ),
        Layout(
            "sa-v",
            _VOS,
            (
                _masklets("{split}/{part}/{clip}"),
                _masklets("{part}/{clip}", split="train"),
                Row("{split}/JPEGImages_24fps/" + _CLIP, "{split}/Annotations_6fps/{clip}/{object}/{frame}",
                    sparse=True),
                Row("JPEGImages_24fps/" + _CLIP, "Annotations_6fps/{clip}/{object}/{frame}", split="val", sparse=True),
            ),
        ),
        Layout("bg-20k", None, (Row("{split}/{clip}", kind=Labels.NONE),)),
        Layout("coco", None, (Row("{split}2017/{clip}", kind=Labels.NONE),)),
        Layout(
            "dvm",
            None,
            (
                Row("{split}/" + _CLIP, kind=Labels.NONE),
                Row(_CLIP, kind=Labels.NONE, split="all"),
            ),
        ),
        Layout("backgrounds", None, ()),
    )
}  # fmt: skip
BENCHMARKS = {name: layout for name, layout in LAYOUTS.items() if layout.judged}
"""The sets that `mam2 evaluate` knows."""
