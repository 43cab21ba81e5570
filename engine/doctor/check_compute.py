"""What computes: PyTorch's build against the driver, the devices, their memory."""

from collections.abc import Iterator

from engine.doctor.facts import FAULT, OK, WARNING, Device, Driver, Finding, Machine, Torch

_GB = 1e9
_SCARCE = 0.25


def check_torch(machine: Machine) -> Iterator[Finding]:
    """Say whether PyTorch loads, and whether its build suits the GPU and the driver that are here."""
    torch, driver = machine.torch, machine.driver
    if not torch.version:
        yield Finding("torch", FAULT, f"PyTorch cannot be loaded: {torch.problem}.", "Set up again: python3 install.")
        return
    if machine.system == "darwin" or torch.hip:
        yield _apple_or_rocm(torch)
    elif not torch.cuda:
        yield _without_cuda(torch, driver)
    elif not driver.version:
        yield _without_driver(torch, driver)
    else:
        yield _with_both(machine, torch, driver)


def check_devices(machine: Machine) -> Iterator[Finding]:
    """Say what each device has, and whether other programs leave it any."""
    for device in machine.torch.devices:
        said = _kernels(device, machine.torch) or _trial(device)
        yield said or _room(f"{device.name} ({device.label})", device.total, device.free)
    total, free = machine.memory
    yield _room("memory of the machine", total, free)


def _without_cuda(torch: Torch, driver: Driver) -> Finding:
    if driver.gpus or driver.hardware:
        return Finding(
            "torch",
            WARNING,
            f"PyTorch {torch.version} is a build for the CPU alone, and there is a GPU ({_names(driver)}): "
            "it is not used.",
            "Set up again with a CUDA build of PyTorch: python3 install --torch cuda.",
        )
    return Finding("torch", OK, f"PyTorch {torch.version}, for the CPU")


def _without_driver(torch: Torch, driver: Driver) -> Finding:
    built = f"PyTorch {torch.version} is a build for CUDA {torch.cuda}"
    if driver.hardware:
        return Finding(
            "torch",
            FAULT,
            f"{built}, but the driver of the NVIDIA GPU here does not answer.",
            "Install or repair NVIDIA's driver (nvidia-smi must work), then restart the machine.",
        )
    return Finding(
        "torch",
        WARNING,
        f"{built}, but no NVIDIA driver is here: everything is computed on the CPU.",
        "With an NVIDIA GPU: install its driver. Without one: nothing has to be done; "
        "python3 install --torch cpu takes less disk.",
    )


def _with_both(machine: Machine, torch: Torch, driver: Driver) -> Finding:
    serves = f"driver {driver.version} (CUDA {driver.cuda[0]}.{driver.cuda[1]})"
    needed = int(torch.cuda.partition(".")[0])
    # Since CUDA 11 a driver serves every minor version of its own major version, and all before.
    if driver.cuda[0] < needed:
        return Finding(
            "torch",
            FAULT,
            f"The {serves} is too old for PyTorch {torch.version}, which is built for CUDA {torch.cuda}.",
            f"Install an NVIDIA driver that serves CUDA {needed} or newer, then restart the machine.",
        )
    if torch.devices:
        return Finding("torch", OK, f"PyTorch {torch.version} for CUDA {torch.cuda}, {serves}")
    hidden = machine.environment.get("CUDA_VISIBLE_DEVICES")
    if hidden is not None:
        return Finding(
            "torch",
            WARNING,
            f"CUDA_VISIBLE_DEVICES={hidden!r} hides the GPUs that are here ({_names(driver)}).",
            "Unset it, or set it to the numbers of the GPUs to use.",
        )
    if not driver.gpus:
        return Finding(
            "torch", WARNING, f"The {serves} sees no GPU.", "Check that the GPU is seated and powered: nvidia-smi -L."
        )
    return Finding(
        "torch",
        FAULT,
        f"PyTorch {torch.version} cannot use {_names(driver)}, although the {serves} suits"
        f"{': ' + torch.problem if torch.problem else ''}.",
        "Restart the machine: after an update, driver and kernel may differ. Then set up again: python3 install.",
    )


def _apple_or_rocm(torch: Torch) -> Finding:
    kind = f"ROCm {torch.hip}" if torch.hip else "macOS"
    if torch.devices:
        return Finding("torch", OK, f"PyTorch {torch.version} for {kind}")
    return Finding(
        "torch",
        WARNING,
        f"PyTorch {torch.version} for {kind} finds no GPU: everything is computed on the CPU.",
        "Check AMD's driver: rocminfo must list the GPU."
        if torch.hip
        else "macOS 14 or newer on Apple silicon is needed.",
    )


def _kernels(device: Device, torch: Torch) -> Finding | None:
    """Say when PyTorch's build holds no kernels for a GPU; kernels serve later GPUs of the same generation too."""
    if not device.architecture or torch.hip or not torch.architectures:
        return None
    number = _number(device.architecture)
    serves = any(
        (one.startswith("compute_") and _number(one) <= number)
        or (one.startswith("sm_") and _number(one) // 10 == number // 10 and _number(one) <= number)
        for one in torch.architectures
    )
    if serves:
        return None
    return Finding(
        "device",
        FAULT,
        f"PyTorch {torch.version} has no kernels for {device.label} ({device.architecture}).",
        "Choose the CPU (--device cpu, MAM2_DEVICES=cpu), or another GPU.",
    )


def _trial(device: Device) -> Finding | None:
    """Say when something was computed on a GPU and failed."""
    if not device.problem:
        return None
    return Finding(
        "device",
        FAULT,
        f"Nothing can be computed on {device.name} ({device.label}): {device.problem}.",
        "End what else uses it or restart the machine; or choose the CPU (--device cpu, MAM2_DEVICES=cpu).",
    )


def _number(architecture: str) -> int:
    return int("".join(letter for letter in architecture.partition("_")[2] if letter.isdecimal()) or 0)


def _room(what: str, total: int, free: int) -> Finding:
    if not total:
        return Finding("device", OK, what)
    says = f"{what}: {free / _GB:.1f} of {total / _GB:.1f} GB are free"
    if free < _SCARCE * total:
        return Finding("device", WARNING, f"{says}; other programs hold the rest.", "Close what needs memory.")
    return Finding("device", OK, says)


def _names(driver: Driver) -> str:
    return ", ".join(driver.gpus) or "NVIDIA"
