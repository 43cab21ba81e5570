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
        free, total = torch.cuda.mem_get_info(index)
        major, minor = torch.cuda.get_device_capability(index)
        found.append(
            {
                "name": f"cuda:{index}",
                "label": torch.cuda.get_device_name(index),
                "architecture": f"sm_{major}{minor}",
                "total": total,
                "free": free,
            }
        )
    return found


if __name__ == "__main__":
    sys.stdout.write(json.dumps(look()) + "\n")
