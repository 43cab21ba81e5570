"""A shot as a job for a farm, before it is written in anybody's format."""

from dataclasses import dataclass
from pathlib import Path

from engine.contract.shot import Shot

PROGRAM = "mam2"
TEMPLATE = "template.yaml"  # the file that makes a folder a job bundle


@dataclass(frozen=True)
class FarmJob:
    """One shot to matte on a farm.

    Attributes:
        name: what the farm calls the job.
        shot: range, prompts and settings; masks are found from the current folder.
        plates: as `open_plates` takes them, absolute.
        plate_files: the files that the shot's plates are read from.
        plate_layer: layer or part of the plate files that is the picture.
        mattes: folder for the mattes, absolute; trimaps are kept below it.
        matte_name: first part of the mattes' file names.
        frames: first and last frame that gets a matte.
        chunk: frames that one task mattes.
        model: name or weights file; every host must have it.
        layers: layers of the mattes.
        format: file format of the mattes.
        device: what tracks.
        matte_device: what mattes.
        gpu_memory: MiB that a GPU host must have; 0: any GPU will do.
        program: how hosts start `mam2`.
    """

    name: str
    shot: Shot
    plates: Path
    plate_files: tuple[Path, ...]
    mattes: Path
    matte_name: str
    frames: tuple[int, int]
    plate_layer: str | None = None
    chunk: int = 10
    model: str = "starter"
    layers: tuple[str, ...] = ("alpha",)
    format: str = "exr"
    device: str = "cuda"
    matte_device: str = "cuda"
    gpu_memory: int = 0
    program: str = PROGRAM
