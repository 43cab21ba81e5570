"""How much memory a device has and how much of it is taken."""

from contextlib import suppress

import psutil


def memory_of(device: str, pid: int | None) -> tuple[int, int]:
    """Give bytes used and bytes in all: of a GPU, by everybody; of the host, by the worker. 0 when nobody knows."""
    if device.startswith("cuda"):
        with suppress(Exception):  # the driver's library tells its own errors, and may not be there
            import pynvml  # noqa: PLC0415

            pynvml.nvmlInit()
            index = int(device.partition(":")[2] or 0)
            found = pynvml.nvmlDeviceGetMemoryInfo(pynvml.nvmlDeviceGetHandleByIndex(index))
            return int(found.used), int(found.total)
        return 0, 0
    used = 0
    if pid is not None:
        with suppress(psutil.Error):
            used = psutil.Process(pid).memory_info().rss
    return used, psutil.virtual_memory().total
