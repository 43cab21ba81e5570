"""What this machine can do at best: matrix products in float32 and bfloat16, and copying. Others' shares are of it.

    python benchmarks/ceilings.py [--threads 1] [--device cpu] [--json FILE]

Each figure is the best of several rounds. A copy counts what is read and what is written.
"""

import argparse
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

import torch
from outcome import add_outcome_options, publish

from engine.model.ready.precision import has_bfloat16

SIDES = {"cpu": 2048, "cuda": 8192}
"""Of the square matrices, by kind of device: large enough that nothing but the product counts."""
_COPIED = 256 << 20


@dataclass(frozen=True)
class Ceilings:
    """The best that a device reached with so many threads.

    Attributes:
        float32_gflop_per_second, bfloat16_gflop_per_second: of a product of square matrices;
            None where a processor does not multiply bfloat16 natively: the engine does not ask it to.
        copy_gb_per_second: bytes read plus bytes written.
    """

    device: str
    threads: int
    float32_gflop_per_second: float
    bfloat16_gflop_per_second: float | None
    copy_gb_per_second: float

    def floor_s(self, flops: dict[torch.dtype, int]) -> float:
        """Give the least seconds that so many floating point operations take, those of each precision at its ceiling.

        Raises:
            KeyError: a precision without a ceiling.
        """
        reached = {torch.float32: self.float32_gflop_per_second, torch.bfloat16: self.bfloat16_gflop_per_second}
        known = {precision: pace for precision, pace in reached.items() if pace is not None}
        return sum(count / known[precision] for precision, count in flops.items()) / 1e9


def main() -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--rounds", type=int, default=7)
    add_outcome_options(parser)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    publish("ceilings", [measured(options.device, options.rounds)], options.json)
    return 0


def measured(device: str, rounds: int) -> Ceilings:
    """Measure with the threads that torch is set to."""
    source = torch.ones(_COPIED, dtype=torch.uint8, device=device)
    target = torch.empty_like(source)
    copy = 2 * _COPIED / _best(lambda: target.copy_(source), device, rounds)
    products = {}
    half = torch.device(device).type == "cuda" or has_bfloat16()
    for precision in (torch.float32, torch.bfloat16) if half else (torch.float32,):
        side = SIDES[torch.device(device).type]
        a, b = (torch.randn(side, side, device=device).to(precision) for _ in range(2))
        out = torch.empty_like(a)
        products[precision] = 2e-9 * side**3 / _best(lambda a=a, b=b, out=out: torch.mm(a, b, out=out), device, rounds)
    threads = torch.get_num_threads()
    return Ceilings(device, threads, products[torch.float32], products.get(torch.bfloat16), copy / 1e9)


def synchronise(device: str) -> None:
    """Wait until a device has done what it was given; a processor has."""
    if torch.device(device).type == "cuda":
        torch.cuda.synchronize()


def _best(call: Callable[[], object], device: str, rounds: int) -> float:
    seconds = []
    for _ in range(rounds + 1):
        synchronise(device)
        start = time.perf_counter()
        call()
        synchronise(device)
        seconds.append(time.perf_counter() - start)
    return min(seconds[1:])  # the first also makes the kernel


if __name__ == "__main__":
    sys.exit(main())
