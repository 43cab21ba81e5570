"""What a check says, what the checks know of the machine, and what of it is nobody else's business."""

import getpass
import importlib.util
import json
import os
import platform
import re
import socket
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from engine.own_python import run_python

NEEDED = (
    *("torch", "torchvision", "sam2", "peft", "timm", "safetensors", "numpy"),
    *("cv2", "OpenEXR", "OpenImageIO", "PyOpenColorIO", "av"),
    *("typer", "rich", "platformdirs", "fastapi", "uvicorn", "httptools", "pydantic", "pydantic_settings", "anyio"),
    *("filelock", "httpx2", "psutil"),
)
"""Modules without which some part of the engine does not run."""

_NVIDIA = "0x10de"
_PROBE_SECONDS = 180


@dataclass(frozen=True)
class Device:
    """One GPU as PyTorch sees it.

    Attributes:
        name: `cuda:0` or `mps`.
        label: the hardware's own name.
        architecture: the name of its kernels, as `sm_86`.
        total: bytes of memory in all.
        free: of which nobody has taken.
        uuid: by which its driver knows it, without what kind of thing it is.
        processors: how many it computes with.
        problem: why nothing can be computed on it; empty where something was.
    """

    name: str
    label: str
    architecture: str = ""
    total: int = 0
    free: int = 0
    uuid: str = ""
    processors: int = 0
    problem: str = ""


@dataclass(frozen=True)
class Torch:
    """PyTorch, as a process of its own found it.

    Attributes:
        version: empty when it could not be loaded.
        cuda: the CUDA version that it is built for; empty for a build without.
        hip: the ROCm version that it is built for.
        architectures: that its CUDA kernels are built for.
        devices: that it can use.
        problem: why it could not be loaded, or why CUDA could not.
    """

    version: str
    cuda: str = ""
    hip: str = ""
    architectures: tuple[str, ...] = ()
    devices: tuple[Device, ...] = ()
    problem: str = ""


@dataclass(frozen=True)
class Driver:
    """NVIDIA's driver.

    Attributes:
        version: its own; empty when none answers.
        cuda: the newest CUDA version that it serves, major and minor.
        gpus: their names.
        hardware: whether a GPU of NVIDIA's is in the machine, as the bus says; None where that cannot be asked.
    """

    version: str = ""
    cuda: tuple[int, int] = (0, 0)
    gpus: tuple[str, ...] = ()
    hardware: bool | None = None


@dataclass(frozen=True)
class Machine:
    """Everything that checks may ask that is not in a file.

    Attributes:
        system: `linux`, `darwin` or `win32`.
        home: the user's home folder.
        root: before every path of the system's own.
        environment: variables.
        user: the user's name.
        host: the machine's name.
        python: version of the Python that runs.
        bits: of its addresses.
        missing: modules of `NEEDED` that it does not have.
        torch: PyTorch.
        driver: NVIDIA's driver.
        memory: bytes of the machine's memory in all, and available.
    """

    system: str
    home: Path
    environment: Mapping[str, str]
    torch: Torch
    driver: Driver
    memory: tuple[int, int]
    user: str = ""
    host: str = ""
    python: tuple[int, int, int] = sys.version_info[:3]
    bits: int = 64
    missing: tuple[str, ...] = ()
    root: Path = field(default_factory=lambda: Path("/"))


def gather() -> Machine:
    """Read this machine. Takes some seconds: PyTorch is loaded in a process of its own, whose end ends nothing here."""
    return Machine(
        system=sys.platform,
        home=Path.home(),
        environment=dict(os.environ),
        torch=probe_torch(),
        driver=read_driver(),
        memory=_memory(),
        user=_user(),
        host=socket.gethostname(),
        bits=64 if sys.maxsize > 1 << 32 else 32,
        missing=tuple(name for name in NEEDED if importlib.util.find_spec(name) is None),
    )


def probe_torch() -> Torch:
    """Ask PyTorch about itself in a process of its own: a broken one takes that process down and not this."""
    try:
        ran = run_python("engine.doctor.torch_probe", timeout=_PROBE_SECONDS)
    except subprocess.TimeoutExpired:
        return Torch("", problem=f"it did not load within {_PROBE_SECONDS} seconds")
    except OSError as problem:
        return Torch("", problem=str(problem))
    try:
        told = json.loads(ran.stdout.splitlines()[-1])
    except (ValueError, IndexError):
        lines = ran.stderr.strip().splitlines()
        return Torch("", problem=lines[-1] if lines else f"its process ended with {ran.returncode}")
    devices = tuple(Device(**device) for device in told.pop("devices"))
    return Torch(devices=devices, architectures=tuple(told.pop("architectures")), **told)


def read_driver() -> Driver:
    """Ask NVIDIA's driver about itself and its GPUs."""
    hardware = _nvidia_on_the_bus()
    try:
        import pynvml  # noqa: PLC0415 - not on every system
    except ImportError:
        return Driver(hardware=hardware)
    try:
        pynvml.nvmlInit()
        number = pynvml.nvmlSystemGetCudaDriverVersion_v2()
        count = range(pynvml.nvmlDeviceGetCount())
        return Driver(
            version=_text(pynvml.nvmlSystemGetDriverVersion()),
            cuda=(number // 1000, number % 1000 // 10),
            gpus=tuple(_text(pynvml.nvmlDeviceGetName(pynvml.nvmlDeviceGetHandleByIndex(index))) for index in count),
            hardware=hardware,
        )
    except pynvml.NVMLError:
        return Driver(hardware=hardware)


def _text(said: Any) -> str:
    return said.decode() if isinstance(said, bytes) else str(said)


def _nvidia_on_the_bus() -> bool | None:
    bus = Path("/sys/bus/pci/devices")
    if platform.system() != "Linux" or not bus.is_dir():
        return None
    for device in bus.iterdir():
        try:
            vendor, kind = (device / "vendor").read_text().strip(), (device / "class").read_text().strip()
        except OSError:
            continue
        if vendor == _NVIDIA and kind.startswith("0x03"):  # display controllers
            return True
    return False


def _memory() -> tuple[int, int]:
    try:
        import psutil  # noqa: PLC0415 - its absence is a finding, not the end of the report
    except ImportError:
        return 0, 0
    found = psutil.virtual_memory()
    return found.total, found.available


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return ""


OK, WARNING, FAULT = "ok", "warning", "fault"


@dataclass(frozen=True)
class Finding:
    """One line of a report.

    Attributes:
        subject: one word: what was looked at.
        state: `ok`, `warning` (works, but not as it could) or `fault` (something will not work).
        says: what was found. Paths stand in single quotes, so that they can be taken out.
        cure: what to do; empty when nothing has to be done.
    """

    subject: str
    state: str
    says: str
    cure: str = ""


Check = Callable[[Machine], Iterable[Finding]]


_QUOTED = re.compile(r"'((?:/|~|[A-Za-z]:[\\/]|\\\\)[^']*)'")
_BARE = re.compile(r"(?<![\w'~./:…\\-])(?:/|~/|[A-Za-z]:[\\/]|\\\\)[^\s'\",;:()]+")


def private(machine: Machine, *, paths: bool) -> Callable[[Finding], Finding]:
    """Give what makes a finding fit to be shown to others.

    Args:
        machine: whose user's and machine's names to take out.
        paths: keep names and paths; the home folder still becomes `~`.
    """
    home = str(machine.home)
    names = ((machine.host, "HOST"), (machine.host.partition(".")[0], "HOST"), (machine.user, "USER"))

    def clean(text: str) -> str:
        if len(home) > 1:
            text = re.sub(rf"{re.escape(home)}(?![\w.-])", "~", text)
        if paths:
            return text
        text = _QUOTED.sub(lambda found: f"'{_last(found[1])}'", text)
        text = _BARE.sub(lambda found: _last(found[0]), text)
        for name, instead in names:
            if len(name) > 1:
                text = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", instead, text)
        return text

    return lambda finding: replace(finding, says=clean(finding.says), cure=clean(finding.cure))


def _last(path: str) -> str:
    """Give a path's last part behind a sign that there is more."""
    parts = [part for part in re.split(r"[/\\]", path) if part]
    if len(parts) < 2:
        return path
    return f"~/…/{parts[-1]}" if parts[0] == "~" else f"…/{parts[-1]}"
