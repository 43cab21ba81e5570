"""Python itself, and the packages beside it."""

from collections.abc import Iterator

from engine.doctor.facts import FAULT, OK, WARNING, Finding, Machine

OLDEST, NEWEST = (3, 10), (3, 14)
_AGAIN = "Set up again: python3 install."
_FOREIGN = ("PYTHONPATH", "PYTHONHOME")


def check_python(machine: Machine) -> Iterator[Finding]:
    """Say whether this Python is one that the engine runs on, alone."""
    version = ".".join(map(str, machine.python))
    if machine.bits != 64:
        yield Finding(
            "python", FAULT, f"Python {version} is a 32-bit build; PyTorch has none.", f"Take a 64-bit one. {_AGAIN}"
        )
    elif machine.python[:2] < OLDEST:
        yield Finding("python", FAULT, f"Python {version} is too old.", f"Install Python 3.11 to 3.14. {_AGAIN}")
    elif machine.python[:2] > NEWEST:
        yield Finding(
            "python",
            WARNING,
            f"Python {version} is newer than what is tested.",
            f"Install Python 3.11 to 3.14. {_AGAIN}",
        )
    else:
        yield Finding("python", OK, f"Python {version}, {machine.bits} bit")
    foreign = [name for name in _FOREIGN if machine.environment.get(name)]
    if foreign:
        yield Finding(
            "python",
            WARNING,
            f"{' and '.join(foreign)} is set: modules of another program may be loaded instead of the engine's own.",
            f"Start mam2 without: unset {' '.join(foreign)}.",
        )


def check_packages(machine: Machine) -> Iterator[Finding]:
    """Say which packages are not there."""
    if machine.missing:
        yield Finding("packages", FAULT, f"The environment lacks: {', '.join(machine.missing)}.", _AGAIN)
    else:
        yield Finding("packages", OK, "all are there")
