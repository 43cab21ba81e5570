"""How much memory a device has and how much of it is taken."""

from contextlib import suppress

import psutil

from engine.service.devices import Device


def memory_of(device: Device) -> tuple[int, int]:
    """Give bytes used and bytes in all: of a GPU, by everybody; of the host, by the worker. 0 when nobody knows."""
    if device.name.startswith("cuda"):
        with suppress(Exception):  # the driver's library tells its own errors, and may not be there
            import pynvml  # noqa: PLC0415

            pynvml.nvmlInit()
            # Its numbers are not CUDA's, which counts the fastest first and only those that are visible.
            found = pynvml.nvmlDeviceGetMemoryInfo(pynvml.nvmlDeviceGetHandleByUUID(f"GPU-{device.uuid}"))
            return int(found.used), int(found.total)
        return 0, 0
    used = 0
    if device.pid is not None:
        with suppress(psutil.Error):
            used = psutil.Process(device.pid).memory_info().rss
    return used, psutil.virtual_memory().total
