"""What a benchmark gives: rows as a Markdown table, and as JSON beside the machine that they were measured on."""

import argparse
import json
import os
import platform
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import psutil
import torch


def add_outcome_options(parser: argparse.ArgumentParser) -> None:
    """Add what every benchmark has: on how many threads, as many as `mam2` takes unless said, and a file for rows."""
    parser.add_argument("--threads", type=int, default=torch.get_num_threads(), help="as `mam2` itself: %(default)s")
    parser.add_argument("--json", type=Path, metavar="FILE")


def publish(benchmark: str, rows: Sequence[Any], file: Path | None) -> None:
    """Print rows, dataclasses of one kind, as a Markdown table; with a file, write them there as JSON too."""
    print(markdown([asdict(row) for row in rows]), flush=True)
    if file:
        content = {"benchmark": benchmark, "machine": machine(), "rows": [asdict(row) for row in rows]}
        file.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def markdown(rows: Sequence[Mapping[str, Any]]) -> str:
    """Give rows of flat values, all with the same names, as a Markdown table."""
    titles = [name.replace("_", " ") for name in rows[0]]
    lines = ["| " + " | ".join(titles) + " |", "|---" * len(titles) + "|"]
    lines += ["| " + " | ".join(spelled(value) for value in row.values()) + " |" for row in rows]
    return "\n".join(lines)


def machine() -> dict[str, str | int | float | bool]:
    """Say what the figures were measured on."""
    from engine.model.ready.precision import has_bfloat16  # noqa: PLC0415 - contenders of peers.py load no engine

    return {
        "processor": _processor(),
        "vectors": torch.backends.cpu.get_cpu_capability(),
        "native_bfloat16": has_bfloat16(),
        "cores": os.cpu_count() or 1,
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
        "system": platform.platform(),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else "",
    }


def most_memory() -> int:
    """Give the most bytes of memory that this process has had."""
    if sys.platform == "win32":
        return int(psutil.Process().memory_info().peak_wset)
    if sys.platform == "linux":  # what getrusage says includes the program that this process was before exec
        status = Path("/proc/self/status").read_text(encoding="utf-8")
        return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]) * 1024
    import resource  # noqa: PLC0415 - Windows has none

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def size_of(text: str) -> tuple[int, int]:
    """Read WIDTHxHEIGHT, for argparse."""
    width, _, height = text.partition("x")
    if not (width.isdigit() and height.isdigit() and int(width) and int(height)):
        raise argparse.ArgumentTypeError(f"'{text}' is no size; write it as 1920x1080")
    return int(width), int(height)


def spelled(value: object) -> str:
    """Give a value as tables show it: three digits of a float, a dash for what was not measured."""
    if isinstance(value, float):
        return f"{value:.3g}" if abs(value) < 100 else f"{value:.0f}"
    return "-" if value is None else str(value)


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        lines = cpuinfo.read_text(encoding="utf-8").splitlines()
        return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")
    return platform.processor() or "unknown"
