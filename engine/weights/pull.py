"""From a source to weights in place: room, download, checksum, check of the network, record of the first pull."""

import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from engine.contract.errors import DISK_FULL, ModelError
from engine.contract.files import write_whole
from engine.weights.catalogue import OFFICIAL_SERVER, SUFFIX, Source
from engine.weights.download import PAUSES, Partial, Progress, download, open_client
from engine.weights.file import file_sha256
from engine.weights.header import read_header
from engine.weights.import_weights import ImportedWeights, import_file, read_official

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


@dataclass(frozen=True)
class PullResult:
    """What a pull gave.

    Attributes:
        weights: as they were imported.
        sha256: of the file as it came.
        checked_against: `publisher`, `you`, `first pull`, or empty when this was the first.
    """

    weights: ImportedWeights
    sha256: str
    checked_against: str


def expected_sha256(source: Source, folder: Path, given: str = "") -> tuple[str, str]:
    """Give the checksum that a file must have and whose word it is: `you`, `publisher`, `first pull`; else both empty.

    Args:
        source: of the file.
        folder: weights folder with its record.
        given: by the user; goes before all others.

    Raises:
        ModelError: as `read_record`.
    """
    first = read_record(folder).get(source.name)
    known = ((given, "you"), (source.sha256, "publisher"), (first.sha256 if first else "", "first pull"))
    return next(((sha256.lower(), whose) for sha256, whose in known if sha256), ("", ""))


def pull(
    source: Source,
    folder: Path,
    *,
    progress: Progress,
    server: str = OFFICIAL_SERVER,
    sha256: str = "",
    pauses: Sequence[float] = PAUSES,
) -> PullResult:
    """Fetch a published file and import it. Until everything about it is checked, nothing bears the weights' name.

    Args:
        source: what to fetch.
        folder: weights folder; made when it is not there.
        progress: as in `download`.
        server: the official one or a mirror with the same paths.
        sha256: that the file must have, where the user knows it.
        pauses: as in `download`.

    Raises:
        ModelError: `weights.*`; as `import_file` when the file is not what it should be.
    """
    try:
        place = workplace(folder, source.name)
        place.mkdir(parents=True, exist_ok=True)
        with FileLock(place.parent / "lock", timeout=0):
            return _pull(source, folder, progress, server, sha256, pauses)
    except Timeout as problem:
        raise ModelError("weights.busy", "Another pull is under way.", "Wait until it has ended.") from problem
    except OSError as problem:
        raise _unwritable(folder, problem) from problem


def workplace(folder: Path, name: str) -> Path:
    """Give the folder inside a weights folder where a download of the weights `name` lies until it is checked."""
    return folder / ".pulling" / name


def _pull(
    source: Source, folder: Path, progress: Progress, server: str, sha256: str, pauses: Sequence[float]
) -> PullResult:
    address, place = source.address(server), workplace(folder, source.name)
    expected, whose = expected_sha256(source, folder, sha256)
    partial = Partial(place, source.file)
    if not partial.whole.is_file():  # else an earlier pull was stopped between the download and the import
        with open_client() as client:
            download(client, address, partial, admit=_room(folder), progress=progress, pauses=pauses)
        partial.finish()
    found = file_sha256(partial.whole)
    if expected and found != expected:
        shutil.rmtree(place)
        raise _differs(source.file, found, expected, whose)
    came = Pulled(address, found, partial.whole.stat().st_size)
    try:
        weights = _import(partial.whole, source, folder)
    except ModelError as problem:
        if problem.code != "model.unwritable":  # with more room, what came is still good
            shutil.rmtree(place)
        raise
    remember(folder, source.name, came)
    shutil.rmtree(place)
    return PullResult(weights, found, whose)


def _import(whole: Path, source: Source, folder: Path) -> ImportedWeights:
    held = read_official(whole).name
    if held != source.name:
        raise ModelError(
            "weights.other",
            f"The server gave weights of '{held}' where those of '{source.name}' should be.",
            "Tell who runs the server; the official one is used without --mirror.",
        )
    return import_file(whole, folder=folder)


def _room(folder: Path) -> Callable[[int], None]:
    def admit(coming: int) -> None:
        # The file itself, and a second copy of its tensors in our own format, before the first can go.
        needed, free = 2 * coming, shutil.disk_usage(folder).free
        if needed > free:
            raise ModelError(
                "weights.full_disk",
                f"There is no room: {needed / 1e6:,.0f} MB are needed for a while, {free / 1e6:,.0f} MB are free.",
                "Make room, or keep weights on another disk: --folder, or MAM2_WEIGHTS for good.",
            )

    return admit


def _differs(file: str, found: str, expected: str, whose: str) -> ModelError:
    words = {
        "you": "the one that you gave",
        "publisher": "the one that its publisher states",
        "first pull": "that of the file that was pulled here first",
    }
    return ModelError(
        "weights.checksum",
        f"{file} is refused and deleted: its SHA-256 is {found}, not {expected}, {words[whose]}.",
        "Something on the way changed it, or its publisher did. If you know that the publisher did: "
        "mam2 weights remove NAME --forget, then pull again."
        if whose == "first pull"
        else "Something on the way changed it, or the checksum is another file's. Compare with the publisher's page.",
    )


def _unwritable(folder: Path, problem: OSError) -> ModelError:
    if problem.errno in DISK_FULL:
        return ModelError(
            "weights.full_disk",
            f"The disk of {folder} became full. What has arrived is kept.",
            "Make room and pull again: it goes on where it stopped. "
            "`mam2 weights remove NAME` deletes what has arrived.",
        )
    return ModelError(
        "weights.unwritable",
        f"{folder} cannot be written: {problem.strerror or problem}.",
        "Check its permissions, or name another folder: --folder, or MAM2_WEIGHTS for good.",
    )
