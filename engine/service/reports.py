"""Jobs and devices as the API tells of them."""

from contextlib import suppress
from typing import Any

import psutil

from engine.service.jobs import Job
from engine.service.workers import Device


def job_info(job: Job) -> dict[str, Any]:
    """Say how a job stands, as `JobInfo` has it."""
    return {
        "id": job.id,
        "shot": job.shot,
        "kind": job.kind,
        "state": job.state,
        "done": len(job.done),
        "total": job.total,
        "quality": job.quality,
        "error": job.error,
    }


def device_info(device: Device) -> dict[str, Any]:
    """Say how a device stands, as `DeviceInfo` has it."""
    used, total = memory_of(device.name, device.pid)
    return {**vars(device), "jobs": len(device.jobs), "memory_used": used, "memory_total": total}


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
