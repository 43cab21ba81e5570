"""Make the benchmark: check its hashes, write its clips as folders of PNG files, draw its contact sheets.

`python -m engine.clips.novm_p --write FOLDER [--size 512x288] [--jobs 4]`
"""

from __future__ import annotations

import argparse
import logging
import sys
from concurrent.futures import ProcessPoolExecutor
from contextlib import nullcontext
from functools import partial
from pathlib import Path

from engine.clips.novm_p.benchmark import VERSIONS, content, make, version
from engine.clips.novm_p.files import write_clip
from engine.clips.novm_p.registry import CLIPS, Entry

_log = logging.getLogger("novm-p")


def main(arguments: list[str] | None = None) -> int:
    """Make every clip, say each one's hash, and give 0 if all is as recorded, 1 if not, 2 if nothing is recorded."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    entries = [entry for entry in CLIPS if entry.name.startswith(tuple(options.only or [""]))]
    work = partial(_one, size=options.size, folder=options.write)
    hashes = []
    with ProcessPoolExecutor(options.jobs) if options.jobs > 1 else nullcontext() as pool:
        for entry, found in zip(entries, pool.map(work, entries) if pool else map(work, entries), strict=True):
            _log.info("%s  %s", found, entry.name)
            hashes.append(found)
    if len(entries) < len(CLIPS):
        return 0
    whole, key = version(hashes), "{}x{}".format(*options.size)
    recorded = VERSIONS.get(key)
    _log.info("%s  novm-p %s", whole, key)
    if recorded is None:
        _log.warning("No hash is recorded for %s, so there is nothing to compare it with.", key)
        return 2
    if recorded != whole:
        _log.error(
            "This is not the recorded benchmark (%s): numbers made with it cannot be set beside others'.", recorded
        )
        return 1
    _log.info("as recorded")
    return 0


def _one(entry: Entry, size: tuple[int, int], folder: Path | None) -> str:
    clip = make(entry, size)
    if folder is not None:
        write_clip(clip, folder)
    return content(clip)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m engine.clips.novm_p", description=__doc__)
    parser.add_argument("--write", type=Path, metavar="FOLDER", help="write every clip and its contact sheet there")
    parser.add_argument("--size", type=_size, default=(512, 288), metavar="WxH", help="512x288 (default) or 1920x1080")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="clips made at the same time (default: 1)")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="only clips whose names start so")
    return parser


def _size(text: str) -> tuple[int, int]:
    width, _, height = text.partition("x")
    try:
        return int(width), int(height)
    except ValueError:
        raise argparse.ArgumentTypeError(f"a size is written 512x288, not {text!r}") from None


if __name__ == "__main__":
    sys.exit(main())
