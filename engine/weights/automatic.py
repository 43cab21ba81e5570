"""What `--model auto` stands for: the best model that is ready for the device that it will run on. Needs no torch."""

import platform
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from engine.contract.errors import ModelError
from engine.weights.catalogue import OFFICIAL, SOURCES, Source, find_files, way_to, weights_folder
from engine.weights.header import MATTERS, Contents, matter_name, read_header


@dataclass(frozen=True)
class Hardware:
    """One device.

    Attributes:
        device: `cuda:0`, `mps` or `cpu`.
        label: the hardware's own name; empty where nobody knows it.
        memory: bytes of a GPU's memory; 0 for the rest, which share the machine's.
    """

    device: str
    label: str = ""
    memory: int = 0

    def __str__(self) -> str:
        """Name it for a person."""
        facts = [self.label, f"{self.memory / 1e9:.0f} GB" if self.memory else ""]
        told = ", ".join(fact for fact in facts if fact)
        return f"{self.device} ({told})" if told else self.device


def find_hardware(device: str = "auto") -> Hardware:
    """Give what a device's name stands for here: `auto` is CUDA, else Apple's GPU, else the CPU.

    Args:
        device: `auto`, `cpu`, `cuda`, `cuda:N` or `mps`; several with commas between them: the first counts.
    """
    name = device.partition(",")[0].strip()
    if name == "auto":
        apple = Hardware("mps") if (sys.platform, platform.machine()) == ("darwin", "arm64") else Hardware("cpu")
        return _gpu(0) or apple
    kind, _, number = name.partition(":")
    if kind == "cuda":
        index = int(number) if number.isdecimal() else 0
        return _gpu(index) or Hardware(f"cuda:{index}")
    return Hardware(kind)


def _gpu(index: int) -> Hardware | None:
    with suppress(Exception):  # the driver's library tells its own errors, and may not be there
        import pynvml  # noqa: PLC0415

        pynvml.nvmlInit()
        handle = pynvml.nvmlDeviceGetHandleByIndex(index)
        label = pynvml.nvmlDeviceGetName(handle)
        memory = int(pynvml.nvmlDeviceGetMemoryInfo(handle).total)
        return Hardware(f"cuda:{index}", label.decode() if isinstance(label, bytes) else str(label), memory)
    return None


AUTO = "auto"
SIZES = ("t", "s", "b+", "l")
# GPU memory, in bytes, from which a size leaves room for 4K plates, their matting model and a host that uses the GPU
# too: SAM 2.1's `l` takes 1 GB of weights and, at 4K, three to four more.
_ROOM = {"l": 7.5e9, "b+": 5.5e9, "s": 3.5e9, "t": 0.0}


@dataclass(frozen=True)
class Choice:
    """A model and why it is used.

    Attributes:
        model: as `find_files` takes it, never `auto`: the name that signatures, shots and farms keep.
        tracker, matter: what the parts are called.
        hardware: what it was chosen for.
    """

    model: str
    tracker: str
    matter: str
    hardware: Hardware

    @property
    def told(self) -> str:
        """Say it in one line."""
        licence = OFFICIAL[self.matter].licence.partition(":")[0] if self.matter in OFFICIAL else ""
        own = f"matting model: {self.matter}" + (f" ({licence})" if licence else "")
        return f"{self.tracker} on {self.hardware}; {own}"

    @property
    def advice(self) -> str:
        """Say what would matte footage better; empty where nothing does that can be had."""
        if self.tracker != "starter":
            return ""
        source = recommended(self.hardware)
        return (
            f"The starter is small and soon at its limits on footage: {source.name} follows objects better, with the "
            f"same clicks. Fetch it with: mam2 weights pull recommended ({source.megabytes} MB, {source.licence})."
        )


def choose_model(name: str, device: str = AUTO, folder: Path | None = None, hardware: Hardware | None = None) -> Choice:
    """Give the model that a name stands for.

    Args:
        name: `auto`, or a model as `find_files` takes it, which is checked and kept.
        device: as `find_hardware` takes it.
        folder: of weights; None: the user's.
        hardware: instead of looking the device up.

    Raises:
        ModelError: as `find_files`; where even the starter is missing, its error.
    """
    place, found = folder or weights_folder(), hardware or find_hardware(device)
    if name != AUTO:
        return _choice(name, place, found)
    for candidate in _by_worth(found):
        try:
            chosen = _choice(candidate, place, found)
        except ModelError:  # not here, or damaged: `mam2 weights list` tells
            continue
        # The name says which matting model, so that another machine takes the same.
        whole = chosen.tracker == "starter" or candidate.startswith("mam2-")
        return chosen if whole else _choice(f"{candidate}:{chosen.matter}", place, found)
    return _choice("starter", place, found)


def recommended(hardware: Hardware | None = None) -> Source:
    """Give the published weights that suit a machine: by its GPU's memory, and the smallest without one.

    They are SAM 2.1's, which a studio may use; the matting model beside them is our own, which ships.
    """
    found = hardware or find_hardware()
    size = next(size for size in reversed(SIZES) if found.memory >= _ROOM[size]) if found.memory else "t"
    return SOURCES[f"sam2.1-{size}"]


def is_ready(model: str, folder: Path | None = None) -> bool:
    """Tell whether a model can run with what is on this machine."""
    try:
        find_files(model, folder or weights_folder())
    except (ModelError, OSError):
        return False
    return True


def way_to_model(model: str) -> str:
    """Say what gets a model that is not ready, a key of `CONFIGS`."""
    if model in OFFICIAL:
        return way_to(model)
    return "mam2 train --list" if model.startswith("mam2-") else "python3 install"


def _by_worth(hardware: Hardware) -> Iterator[str]:
    """Give names of models, best first: on a GPU the largest that it has room for; elsewhere the quickest."""
    fits = [size for size in reversed(SIZES) if hardware.memory and hardware.memory >= _ROOM[size]]
    for size in (*fits, *(size for size in SIZES if size not in fits)):
        yield from (f"mam2-{size}", f"sam2.1-{size}")


def _choice(model: str, folder: Path, hardware: Hardware) -> Choice:
    files = find_files(model, folder)
    tracker = Contents.from_header(read_header(files.tracker), files.tracker.name)
    held = Contents.from_header(read_header(files.matter), files.matter.name)
    matter = matter_name(held.matter) if held.name not in MATTERS and held.matter is not None else held.name
    name = tracker.name if model.partition(":")[0] == tracker.name else Path(model).name
    return Choice(model, name, matter, hardware)
