"""Run the suite, a program after another; make a report of all it measured, and remake docs/performance.md.

    python benchmarks/performance.py [--threads 2] [--parts stages growth] [--results build/benchmarks]
    python benchmarks/performance.py --quick
    python benchmarks/performance.py --gpu

What a part measured stays as JSON in the folder of results: parts can be run one by one, and report and page are made
from all that are there. The page has one table, with rows for every kind of processor: those of this machine's kind
are replaced, the others stay. `--quick` asks small things of the parts that have some, in about two minutes, and
leaves the page alone. `--gpu` measures a GPU in less than ten minutes, for a place of its own on the page. Fails when a
part fails; the others are run all the same.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from outcome import markdown, spelled
from performance_plot import draw

from engine.model.ready.memory import prepared

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "performance.md"
NOTHING = "Not measured yet."
COLUMNS = (
    *("processor", "subject", "starter, frames a second", "MiB", "sam2.1-t, frames a second", "MiB"),
    "times SAM 2 + ViTMatte",
)
PLATES = "1920x1080"


@dataclass(frozen=True)
class Part:
    """One program of the suite.

    Attributes:
        name: of the program and of its block in the report.
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
"""In the order in which they run and stand in the report."""


def main() -> int:
    """Measure, then write the report and the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    names = [part.name for part in PARTS]
    parser.add_argument("--parts", nargs="*", choices=names, default=names, help="none: only remake the page")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--results", type=Path, default=ROOT / "build" / "benchmarks", metavar="FOLDER")
    kind = parser.add_mutually_exclusive_group()
    kind.add_argument("--quick", action="store_const", dest="kind", const="quick", help="a look; the page stays")
    kind.add_argument("--gpu", action="store_const", dest="kind", const="gpu", help="this machine's GPU")
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
    results = _results(folder)
    (folder / "report.md").write_text(report(results), encoding="utf-8")
    if options.kind == "gpu":
        write_gpu(PAGE, results)
    elif options.kind is None:
        write_page(PAGE, PAGE.parent / "images" / "performance.png", results)
    if failed:
        print(f"\nfailed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


def report(results: dict[str, dict[str, Any]]) -> str:
    """Give every part's table as Markdown, each behind the machine that it is of.

    Args:
        results: by part, what it wrote as JSON.
    """
    blocks = [f"## {part.name}\n\n{_block(results.get(part.name))}\n" for part in PARTS]
    return "# What was measured\n\n" + "\n".join(blocks)


def write_page(page: Path, picture: Path, results: dict[str, dict[str, Any]]) -> None:
    """Put this machine's rows into the page's table, and the picture beside it, as far as they were measured.

    Args:
        page: Markdown with `<!-- measured: NAME -->` and `<!-- end: NAME -->` for the table and the picture.
        picture: PNG to make, in a folder beside the page.
        results: by part, what it wrote as JSON.

    Raises:
        ValueError: the page has no such marks.
    """
    text = page.read_text(encoding="utf-8")
    if "end_to_end" in results:
        kind, rows = _kind(results["end_to_end"]["machine"]), _rows(results)
        lines = [line for line in between(text, "table").splitlines()[2:] if not line.startswith(f"| {kind} |")]
        lines = [_line(COLUMNS), "|---" * len(COLUMNS) + "|", *(_line([kind, *row]) for row in rows), *lines]
        text = between_marks(text, "table", "\n".join(lines))
    if draw(results, picture):
        link = f"![Where a frame's time goes, and how it grows]({picture.relative_to(page.parent).as_posix()})"
        text = between_marks(text, "picture", link)
    made = page.with_name(f"{page.name}.new")
    made.write_text(text, encoding="utf-8")
    made.replace(page)


def write_gpu(page: Path, results: dict[str, dict[str, Any]]) -> None:
    """Put what was measured on a GPU into its place on the page, `<!-- measured: gpu -->`; arguments as before."""
    blocks = [f"**{part.name}.** {_block(results[part.name])}" for part in PARTS if part.name in results]
    text = between_marks(page.read_text(encoding="utf-8"), "gpu", "\n\n".join(blocks) or NOTHING)
    made = page.with_name(f"{page.name}.new")
    made.write_text(text, encoding="utf-8")
    made.replace(page)


def _rows(results: dict[str, dict[str, Any]]) -> list[list[Any]]:
    """Give a row for each subject: pace and memory of both models, how many times faster than SAM 2 with ViTMatte."""
    found = {(row["subject"], row["model"]): row for row in _of_plates(results, "end_to_end")}
    faster = {
        row["subject"]: row["ours_times_faster"] for row in _of_plates(results, "peers") if "+" in row["contender"]
    }
    rows = []
    for subject in dict.fromkeys(subject for subject, _ in found):
        cells: list[Any] = [subject]
        for model in ("starter", "sam2.1-t"):
            row = found.get((subject, model), {})
            cells += [row.get("frames_per_second"), row.get("memory_mib")]
        rows.append([*cells, faster.get(subject)])
    return rows


def _of_plates(results: dict[str, dict[str, Any]], part: str) -> Iterable[dict[str, Any]]:
    return (row for row in results.get(part, {"rows": []})["rows"] if row["plates"] == PLATES)


def _kind(machine: dict[str, Any]) -> str:
    return str(machine["vectors"]) + (", bfloat16" if machine["native_bfloat16"] else "")


def _line(cells: Iterable[Any]) -> str:
    return "| " + " | ".join(spelled(cell) for cell in cells) + " |"


def between(text: str, name: str) -> str:
    """Give what stands between one pair of marks.

    Raises:
        ValueError: the page has no such pair.
    """
    _, found, rest = text.partition(_mark(name))
    content, closed, _ = rest.partition(f"<!-- end: {name} -->")
    if not (found and closed):
        raise ValueError(f"the page has no place for '{name}'")
    return content


def between_marks(text: str, name: str, content: str) -> str:
    """Give a page with what stands between one pair of marks replaced."""
    return text.replace(f"{_mark(name)}{between(text, name)}", f"{_mark(name)}{content}\n", 1)


def _mark(name: str) -> str:
    return f"<!-- measured: {name} -->\n"


def _block(result: dict[str, Any] | None) -> str:
    if result is None:
        return NOTHING
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
