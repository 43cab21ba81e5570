"""What is installed, in which order."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

CONSTRAINTS = "install/constraints.txt"


@dataclass(frozen=True)
class Step:
    """One call of `pip install`.

    Attributes:
        title: what arrives, as the user reads it.
        size: roughly how much is downloaded.
        arguments: what follows `pip install --constraint ...`.
        large: pip tells about its progress; small steps are over before anyone wonders.
        variables: environment variables of this call alone.
    """

    title: str
    size: str
    arguments: tuple[str, ...]
    large: bool = False
    variables: Mapping[str, str] = field(default_factory=dict)


def steps(
    extras: Iterable[str],
    platform: str,
    *,
    torch: tuple[str, ...] = ("torch", "torchvision"),
    engine: tuple[str, ...] = ("--editable", "."),
) -> tuple[Step, ...]:
    """Give the steps for these extras of the project on a platform (`sys.platform`).

    The order matters. `sam2` is only published as source and names torch among the things needed to build it: pip's
    isolated build would fetch torch a second time, gigabytes, to throw it away. So torch comes first and sam2 is built
    against it, without isolation and without its optional CUDA extension, which the engine does not use.

    Args:
        extras: names of the project's extras.
        platform: `sys.platform`.
        torch: what pip is asked for to get PyTorch.
        engine: what pip is asked for to get the engine; the extras follow its last word.
    """
    gigabytes = platform.startswith("linux") and not any(package.endswith("+cpu") for package in torch)
    names = ",".join(sorted(extras))
    *options, source = engine
    return (
        Step("pip, setuptools and wheel", "3 MB", ("pip", "setuptools", "wheel")),
        Step(
            "PyTorch",
            "about 3 GB, with its CUDA libraries" if gigabytes else "about 300 MB",
            (*torch, "numpy"),
            large=True,
        ),
        Step(
            "what SAM 2 needs",
            "10 MB",
            ("--no-build-isolation", "hydra-core", "iopath", "tqdm", "pillow"),
        ),
        Step(
            "SAM 2",
            "1 MB",
            ("--no-build-isolation", "--no-deps", "sam2"),
            variables={"SAM2_BUILD_CUDA": "0"},
        ),
        Step(
            "the engine and the rest",
            "about 200 MB",
            ("--no-build-isolation", *options, f"{source}[{names}]" if names else source),
            large=True,
        ),
    )
