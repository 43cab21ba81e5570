"""Run the suite, a program after another, and remake the tables and the picture of docs/performance.md from it.

    python benchmarks/performance.py [--threads 2] [--parts stages growth] [--results build/benchmarks]
    python benchmarks/performance.py --page docs/performance-avx2.md
    python benchmarks/performance.py --quick
    python benchmarks/performance.py --gpu

What a part measured stays as JSON in the folder of results: parts can be run one by one, and the page is made from all
that are there. `--page` names another page, for a machine of another kind. `--quick` asks small things of the parts
that have some, in about two minutes, and leaves the page alone. `--gpu` measures a GPU in less than ten minutes, for
docs/performance-gpu.md. Fails when a part fails; the others are run all the same.
"""

import argparse
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from outcome import markdown
from performance_plot import draw

from engine.model.ready.memory import prepared

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "performance.md"
GPU_PAGE = ROOT / "docs" / "performance-gpu.md"
NOTHING = "Not measured yet."


@dataclass(frozen=True)
class Part:
    """One program of the suite.

    Attributes:
        name: of the program and of its block on the page.
        options: for the page's figures.
        quick: for a quick look; None leaves the part out.
        gpu: for a GPU; likewise.
    """

    name: str
    options: tuple[str, ...] = ()
    quick: tuple[str, ...] | None = None
    gpu: tuple[str, ...] | None = None


_SMALL = ("--models", "starter", "--sizes", "512x288", "--frames", "4")
_ON_GPU = ("--device", "cuda")
_LARGE = (*_ON_GPU, "--models", "starter", "sam2.1-t", "sam2.1-l", "--sizes", "1920x1080", "4096x2160")
PARTS = (
    Part("ceilings", quick=("--rounds", "2"), gpu=_ON_GPU),
    Part("end_to_end", quick=_SMALL, gpu=(*_LARGE, "--subjects", "ordinary", "--frames", "26")),
    Part("stages", quick=_SMALL, gpu=(*_LARGE, "--subject", "ordinary", "--frames", "10")),
    Part("preview", quick=("--models", "starter", "--sizes", "512x288", "--rounds", "1")),
    Part(
        "growth",
        ("--size", "1920x1080"),
        quick=("--grows", "objects", "--objects", "1", "2", "--size", "160x90", "--frames", "4"),
    ),
    Part("peers", gpu=(*_ON_GPU, "--subjects", "ordinary", "--frames", "8", "--rounds", "2", "--bfloat16")),
    Part("fidelity", gpu=_ON_GPU),
    Part(
        "correction",
        ("--models", "starter", "sam2.1-t", "sam2.1-l", "--frames", "16", "--at", "8", "--objects", "1", "4"),
    ),
    Part("large", ("--objects", "1", "16"), quick=("--models", "starter", "--sizes", "960x540")),
    Part("day"),
    Part("long_clip", ("--frames", "20000", "--size", "96x64")),
)
"""In the order in which they run and stand on the page."""


def main() -> int:
    """Measure, then write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    names = [part.name for part in PARTS]
    parser.add_argument("--parts", nargs="*", choices=names, default=names, help="none: only remake the page")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--results", type=Path, default=ROOT / "build" / "benchmarks", metavar="FOLDER")
    parser.add_argument("--page", type=Path, metavar="FILE", help="that gets the tables")
    kind = parser.add_mutually_exclusive_group()
    kind.add_argument("--quick", action="store_const", dest="kind", const="quick", help="a look; no page is made")
    kind.add_argument("--gpu", action="store_const", dest="kind", const="gpu", help="a GPU, for a page of its own")
    options = parser.parse_args()
    folder = options.results / (options.kind or "")
    folder.mkdir(parents=True, exist_ok=True)
    failed = []
    for part in PARTS:
        asked = getattr(part, options.kind or "options")
        if part.name in options.parts and asked is not None:
            print(f"\n{part.name}", flush=True)
            if _measured(part.name, asked, folder, options.threads):
                failed.append(part.name)
    if options.kind != "quick":
        page = (options.page or (GPU_PAGE if options.kind else PAGE)).resolve()
        write_page(page, page.parent / "images" / f"{page.stem}.png", _results(folder))
    if failed:
        print(f"\nfailed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


def write_page(page: Path, picture: Path, results: dict[str, dict[str, Any]]) -> None:
    """Put every part's table, and the picture, between their marks on the page.

    Args:
        page: Markdown with `<!-- measured: NAME -->` and `<!-- end: NAME -->` for every part that was measured.
        picture: PNG to make, in a folder beside the page.
        results: by part, what it wrote as JSON.

    Raises:
        ValueError: a part that was measured has no marks on the page.
    """
    text = page.read_text(encoding="utf-8")
    for part in PARTS:
        result = results.get(part.name)
        if result or _mark(part.name) in text:
            text = between_marks(text, part.name, _block(result) if result else NOTHING)
    if _mark("picture") in text:
        link = f"![Where a frame's time goes, and how it grows]({picture.relative_to(page.parent).as_posix()})"
        text = between_marks(text, "picture", link if draw(results, picture) else NOTHING)
    made = page.with_name(f"{page.name}.new")
    made.write_text(text, encoding="utf-8")
    made.replace(page)


def between_marks(text: str, name: str, content: str) -> str:
    """Give a page with what stands between one pair of marks replaced.

    Raises:
        ValueError: the page has no such pair.
    """
    begin, end = _mark(name), f"<!-- end: {name} -->"
    before, found, rest = text.partition(begin)
    _, closed, after = rest.partition(end)
    if not (found and closed):
        raise ValueError(f"the page has no '{begin.strip()}' with '{end}' behind it")
    return f"{before}{begin}{content}\n{end}{after}"


def _mark(name: str) -> str:
    return f"<!-- measured: {name} -->\n"


def _block(result: dict[str, Any]) -> str:
    machine = result["machine"]
    half = "with" if machine["native_bfloat16"] else "without"
    threads = f"{machine['threads']} of {machine['cores']} cores"
    where = f"{machine['processor']}, {machine['vectors']} {half} bfloat16, {threads}, torch {machine['torch']}."
    where = f"{machine['gpu']}; {where}" if machine.get("gpu") else where
    return f"{where}\n\n{markdown(result['rows'])}"


def _measured(name: str, asked: tuple[str, ...], folder: Path, threads: int) -> int:
    """Run one program; what it measured before stays when it does not come to an end."""
    program = Path(__file__).with_name(f"{name}.py")
    command = [sys.executable, str(program), *asked, "--threads", str(threads), "--json", str(folder / f"{name}.json")]
    return subprocess.run(command, check=False, env=prepared(os.environ)).returncode


def _results(folder: Path) -> dict[str, dict[str, Any]]:
    files = {part.name: folder / f"{part.name}.json" for part in PARTS}
    return {name: json.loads(file.read_text(encoding="utf-8")) for name, file in files.items() if file.exists()}


if __name__ == "__main__":
    sys.exit(main())
