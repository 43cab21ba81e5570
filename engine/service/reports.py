"""Jobs and devices as the API tells of them."""

from typing import Any

from engine.service.devices import Device, memory_of
from engine.service.jobs import Job


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
    used, total = memory_of(device)
    told = {name: getattr(device, name) for name in ("name", "label", "state", "note", "pid", "deaths")}
    return {**told, "jobs": len(device.jobs), "memory_used": used, "memory_total": total}
