"""All checks, one after the other. What needs a package is imported when its turn comes: the package may be broken."""

from collections.abc import Iterable, Iterator

from engine.doctor.check_compute import check_devices, check_torch
from engine.doctor.check_hosts import check_fusion, check_nuke
from engine.doctor.check_python import check_packages, check_python
from engine.doctor.facts import FAULT, Check, Finding, Machine


def check_models(machine: Machine) -> Iterable[Finding]:
    """Look at weights, as `check_models.check_models`."""
    from engine.doctor import check_models as models

    yield from models.check_models(machine)
    yield from models.check_record(machine)


def check_store(machine: Machine) -> Iterable[Finding]:
    """Look at the store, as `check_store.check_store`."""
    from engine.doctor import check_store as store

    return store.check_store(machine)


def check_engine(machine: Machine) -> Iterable[Finding]:
    """Look for a running engine, as `check_engine.check_connection`."""
    from engine.doctor import check_engine as engine

    return engine.check_connection(machine)


def check_colour(machine: Machine) -> Iterable[Finding]:
    """Look at OpenColorIO's configuration, as `check_colour.check_colour`."""
    from engine.doctor import check_colour as colour

    return colour.check_colour(machine)


def check_trial(machine: Machine) -> Iterable[Finding]:
    """Matte two frames, as `check_trial.check_trial`."""
    from engine.doctor import check_trial as trial

    return trial.check_trial(machine)


CHECKS: tuple[Check, ...] = (
    *(check_python, check_packages, check_torch, check_devices, check_models, check_store, check_engine),
    *(check_nuke, check_fusion, check_colour, check_trial),
)


def examine(machine: Machine, checks: Iterable[Check] = CHECKS) -> Iterator[Finding]:
    """Give findings as they come. A check that fails itself is a finding too, and the others still run."""
    for check in checks:
        yield from _one(check, machine)


def _one(check: Check, machine: Machine) -> Iterator[Finding]:
    subject = check.__name__.removeprefix("check_")
    try:
        yield from check(machine)
    except ImportError as problem:
        yield Finding(subject, FAULT, f"A part of mam2 cannot be loaded: {problem}.", "Set up again: python3 install.")
    except Exception as problem:  # noqa: BLE001 - whatever is wrong with a machine, its user gets the whole report
        yield Finding(
            subject,
            FAULT,
            f"This check failed itself: {type(problem).__name__}: {problem}.",
            "This is a bug in mam2: please report it with this line.",
        )
