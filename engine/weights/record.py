"""What was pulled first: publishers of weights state no checksums, so the first pull's is remembered and kept to."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from engine.contract.errors import ModelError
from engine.contract.files import write_whole
from engine.weights.catalogue import SUFFIX
from engine.weights.header import read_header

FILE = "pulled.json"


@dataclass(frozen=True)
class Pulled:
    """A file as it came the first time: from where, its SHA-256 in hexadecimal, its bytes."""

    address: str
    sha256: str
    bytes: int


def read_record(folder: Path) -> dict[str, Pulled]:
    """Give what is remembered in a weights folder, by the weights' names.

    Raises:
        ModelError: `weights.record` when the record is there and cannot be read.
    """
    path = folder / FILE
    try:
        return {name: Pulled(**entry) for name, entry in json.loads(path.read_text(encoding="utf-8")).items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, AttributeError) as problem:
        raise ModelError(
            "weights.record",
            f"The record of checksums {path} cannot be read.",
            "Delete it: the next pull begins a new one.",
        ) from problem


def remember(folder: Path, name: str, pulled: Pulled) -> None:
    """Add weights to the record, if they are not in it yet."""
    record = read_record(folder)
    if name not in record:
        _write(folder, {**record, name: pulled})


def forget(folder: Path, name: str) -> bool:
    """Take weights out of the record; tells whether they were in it."""
    record = read_record(folder)
    if record.pop(name, None) is None:
        return False
    _write(folder, record)
    return True


def check_source(path: Path, folder: Path) -> None:
    """Check that weights in place were made from the file that was pulled first, if one was.

    Args:
        path: of the weights, in mam2's own format.
        folder: weights folder with its record.

    Raises:
        ModelError: `weights.checksum`; as `read_record` and `read_header`.
    """
    name = path.name.removesuffix(SUFFIX)
    first = read_record(folder).get(name)
    made_from = read_header(path).get("source_sha256", "")
    if first is not None and path.parent == folder and made_from != first.sha256:
        raise ModelError(
            "weights.checksum",
            f"{path.name} was made from another file than the one that was pulled first.",
            f"If you imported that on purpose: mam2 weights remove {name} --forget, then import again. "
            f"Otherwise: mam2 weights pull {name} --again.",
        )


def _write(folder: Path, record: dict[str, Pulled]) -> None:
    entries = {name: asdict(entry) for name, entry in record.items()}
    write_whole(folder / FILE, json.dumps(entries, indent=2).encode(), 0o666)
