"""`python -m engine.doctor.torch_probe`: loads PyTorch and prints what it says of itself, as one line of JSON."""

import json
import sys
import warnings
from typing import Any


def look() -> dict[str, Any]:
    """Give the fields of `facts.Torch`."""
    try:
        import torch  # noqa: PLC0415 - whether it loads is the question
    except (ImportError, OSError) as problem:
        return {**_NOTHING, "problem": str(problem).strip().splitlines()[0]}
    warned = ""
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        devices = _cuda(torch) if torch.cuda.is_available() else []
        if heard:
            warned = str(heard[0].message).splitlines()[0]
    if torch.backends.mps.is_available():
        devices.append({"name": "mps", "label": "Apple"})
    return {
        "version": str(torch.__version__),
        "cuda": torch.version.cuda or "",
        "hip": torch.version.hip or "",
        "architectures": torch.cuda.get_arch_list(),
        "devices": devices,
        "problem": warned,
    }


_NOTHING: dict[str, Any] = {"version": "", "cuda": "", "hip": "", "architectures": [], "devices": []}


def _cuda(torch: Any) -> list[dict[str, Any]]:
    found = []
    for index in range(torch.cuda.device_count()):
        properties = torch.cuda.get_device_properties(index)
        problem, free, total = _tried(torch, index)
        found.append(
            {
                "name": f"cuda:{index}",
                "label": properties.name,
                "architecture": f"sm_{properties.major}{properties.minor}",
                "total": total or properties.total_memory,
                "free": free,
                "uuid": str(getattr(properties, "uuid", "")),
                "processors": properties.multi_processor_count,
                "problem": problem,
            }
        )
    return found


def _tried(torch: Any, index: int) -> tuple[str, int, int]:
    """Compute something on a GPU; give what is wrong with it if that fails, and its bytes free and in all."""
    try:
        torch.ones(8, device=f"cuda:{index}").add(1).sum().item()
        free, total = torch.cuda.mem_get_info(index)
    except RuntimeError as problem:
        return str(problem).strip().splitlines()[0], 0, 0
    return "", free, total


if __name__ == "__main__":
    sys.stdout.write(json.dumps(look()) + "\n")
