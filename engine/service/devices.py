"""The devices that the engine works on, as PyTorch sees them: the driver may see others, with other numbers."""

import json
import logging
import os
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from engine.own_python import run_python
from engine.service.jobs import Job

_log = logging.getLogger(__name__)

_PROBE_SECONDS = 60


@dataclass
class Device:
    """What is known of one device and its worker.

    Attributes:
        name: as `pick_device` takes it, and as people see it.
        state: `idle` (no process), `starting` or `ready`.
        label: the hardware's own name, once the worker has told.
        note: why it is this device and no better one; empty where there is nothing to say.
        pid: of the worker.
        deaths: how often it has died.
        within: the device's name in the worker's process.
        alone: environment in which a process sees this device and no other like it.
        uuid: by which NVIDIA's driver knows it.
        speed: how fast it is, as against other devices here.
    """

    name: str
    state: str = "idle"
    label: str = ""
    note: str = ""
    pid: int | None = None
    deaths: int = 0
    jobs: dict[str, Job] = field(default_factory=dict)
    within: str = ""
    alone: Mapping[str, str] = field(default_factory=dict)
    uuid: str = ""
    speed: float = 1.0


def find_devices(named: str) -> list[Device]:
    """Give the devices that somebody named, or those that there are.

    Args:
        named: `auto`, or names with commas between them: `cpu`, `cuda:0`, `mps`.

    Returns:
        For `auto` every GPU that PyTorch computes on, else the CPU with a note that says why. A process that PyTorch is
        loaded in takes some seconds, so it is asked only where there may be such a GPU.
    """
    names = [name.strip() for name in named.split(",") if name.strip()]
    if names != ["auto"]:
        found = {device.name: device for device in _found(_ask())} if any(map(_is_gpu, names)) else {}
        return [found.get(_numbered(name), Device(name)) for name in names]
    if not _may_have_gpus():
        return [Device("auto")]
    told = _ask()
    usable = _found(told)
    if usable:
        return usable
    reason = next((one["problem"] for one in told["devices"] if one.get("problem")), told["problem"])
    note = f"PyTorch cannot use the GPU that is here: {reason or 'it sees none'}. `mam2 doctor` says more."
    _log.warning("computing on the CPU. %s", note)
    return [Device("cpu", note=note)]


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


def _found(told: Mapping[str, Any]) -> list[Device]:
    """Give the CUDA or ROCm devices that PyTorch computes on, each with the environment in which it is alone."""
    hidden = "HIP_VISIBLE_DEVICES" if told.get("hip") else "CUDA_VISIBLE_DEVICES"
    visible = [entry.strip() for entry in os.environ.get(hidden, "").split(",") if entry.strip()]
    found = []
    for number, one in enumerate(told["devices"]):
        if one.get("problem") or not _is_gpu(one["name"]):
            continue
        by_uuid = f"GPU-{one['uuid']}" if one.get("uuid") and not told.get("hip") else str(number)
        entry = visible[number] if number < len(visible) else by_uuid
        found.append(
            Device(
                one["name"],
                label=one["label"],
                within="cuda:0",
                alone={hidden: entry},
                uuid=one.get("uuid", ""),
                speed=float(one.get("processors") or 1),
            )
        )
    return found


def _ask() -> dict[str, Any]:
    """Ask PyTorch in a process of its own, as the doctor does: a broken one takes that process down and not this."""
    nothing: dict[str, Any] = {"devices": [], "problem": "PyTorch does not load"}
    try:
        ran = run_python("engine.doctor.torch_probe", timeout=_PROBE_SECONDS)
        told: dict[str, Any] = json.loads(ran.stdout.splitlines()[-1])
    except (OSError, subprocess.TimeoutExpired, ValueError, IndexError):
        return nothing
    return nothing | told


def _may_have_gpus() -> bool:
    """Tell whether a driver of NVIDIA's or AMD's says that there is a GPU."""
    if Path("/dev/kfd").exists():
        return True
    with suppress(Exception):  # whatever keeps NVIDIA's library from answering means that there is no GPU to count
        import pynvml  # noqa: PLC0415 - may not be there

        pynvml.nvmlInit()
        return bool(pynvml.nvmlDeviceGetCount())
    return False


def _is_gpu(name: str) -> bool:
    return name.partition(":")[0] == "cuda"


def _numbered(name: str) -> str:
    return f"{name}:0" if name == "cuda" else name
