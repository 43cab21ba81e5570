"""A measurement in a process of its own leaves no process behind."""

import subprocess
import sys
import time
from pathlib import Path

import psutil

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
_LONG = "import alone, builtins, time; alone.apart(time.sleep, 600)"


def test_a_benchmark_that_is_killed_takes_its_process_along():
    """When a benchmark is killed without a word, the process that measures for it ends too."""
    with subprocess.Popen([sys.executable, "-c", _LONG], cwd=BENCHMARKS) as benchmark:
        try:
            process = psutil.Process(benchmark.pid)
            measuring = []
            while not measuring and benchmark.poll() is None:
                time.sleep(0.05)
                measuring = [child for child in process.children() if "spawn_main" in " ".join(child.cmdline())]
        finally:
            benchmark.kill()
    assert measuring
    gone, alive = psutil.wait_procs(measuring, timeout=60)
    assert gone
    assert not alive
