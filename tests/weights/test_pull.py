"""From a publisher's server to weights in place, or to words that say why not."""

import hashlib
import json
import os
import subprocess
import sys
import threading

import pytest
from published_weights import values, vitmatte_rows
from publisher import BYTES, published
from safetensors.torch import save

from engine.contract.errors import ModelError
from engine.weights.catalogue import SOURCES, source_of
from engine.weights.import_weights import verify_file
from engine.weights.pull import forget, pull, read_record, workplace

VITMATTE = SOURCES["vitmatte-s"]
PATH = f"/{VITMATTE.repository}/resolve/main/{VITMATTE.file}"


@pytest.fixture(scope="module")
def official():
    """The bytes of a ViTMatte-S file as it is published, with seeded numbers."""
    return save(values({theirs: shape for _, theirs, shape, *_ in vitmatte_rows()}))


@pytest.fixture
def publisher(official):
    """The publisher of that file."""
    with published({PATH: official}) as one:
        yield one


@pytest.fixture
def fetch(publisher, tmp_path):
    """Pull ViTMatte-S from that publisher into `tmp_path/weights`."""

    def one(**options):
        options = {"progress": lambda *_: None, "server": publisher.address, "pauses": (), **options}
        return pull(VITMATTE, tmp_path / "weights", **options)

    return one


def _refused(fetch, folder, **options):
    """Pull, give the error, and check that nothing bears the weights' name."""
    with pytest.raises(ModelError) as raised:
        fetch(**options)
    assert raised.value.hint
    assert [path.name for path in folder.glob("*.safetensors")] == []
    return raised.value


def _sha256(data):
    return hashlib.sha256(data).hexdigest()


def test_a_pull_ends_with_weights_in_place(fetch, official, tmp_path):
    """What is pulled is imported, whole, its checksum is recorded, and nothing else is left."""
    result = fetch()
    assert (result.weights.name, result.sha256, result.checked_against) == ("vitmatte-s", _sha256(official), "")
    contents, _ = verify_file(tmp_path / "weights" / "vitmatte-s.safetensors")
    assert contents.name == "vitmatte-s"
    assert read_record(tmp_path / "weights")["vitmatte-s"].sha256 == _sha256(official)
    assert not workplace(tmp_path / "weights", "vitmatte-s").exists()


def test_a_later_pull_must_bring_the_same(fetch, publisher, official, tmp_path):
    """A file that differs from the first pull's is refused and deleted, until the user forgets the first."""
    folder = tmp_path / "weights"
    first = fetch().sha256
    again = fetch()
    assert (again.sha256, again.checked_against) == (first, "first pull")
    (folder / "vitmatte-s.safetensors").unlink()
    publisher.files[PATH] = official[:-4]
    error = _refused(fetch, folder)
    assert error.code == "weights.checksum"
    assert _sha256(publisher.files[PATH]) in error.message
    assert "--forget" in error.hint
    assert not workplace(folder, "vitmatte-s").exists()
    assert forget(folder, "vitmatte-s")
    assert _refused(fetch, folder).code == "model.corrupt"  # no longer for its checksum


def test_a_checksum_that_the_user_knows_decides(fetch, official, tmp_path):
    """A checksum given by hand is kept to, in either case of its letters."""
    assert _refused(fetch, tmp_path / "weights", sha256="0" * 64).code == "weights.checksum"
    assert read_record(tmp_path / "weights") == {}
    assert fetch(sha256=_sha256(official).upper()).checked_against == "you"


def test_a_pull_that_was_cut_goes_on_later(fetch, publisher, official, tmp_path):
    """What has arrived before a failure is used by the next pull, and the result is the same file."""
    publisher.cuts = [60_000_000, 0]
    assert _refused(fetch, tmp_path / "weights").code == "weights.cut"
    publisher.cuts = []
    assert fetch().sha256 == _sha256(official)
    assert publisher.asked[-1] == (PATH, "bytes=60000000-")


@pytest.mark.parametrize(("data", "code"), [(BYTES, "model.unknown"), (BYTES[:0], "model.corrupt")])
def test_what_is_no_weights_file_is_refused(fetch, publisher, tmp_path, data, code):
    """A server that gives something else leaves nothing behind, neither weights nor a checksum."""
    publisher.files[PATH] = data
    assert _refused(fetch, tmp_path / "weights").code == code
    assert read_record(tmp_path / "weights") == {}
    assert not workplace(tmp_path / "weights", "vitmatte-s").exists()


def test_a_full_disk_is_seen_before(fetch, publisher, tmp_path):
    """A file for which there is no room is refused before any of it is fetched."""
    publisher.announces = 10**15
    error = _refused(fetch, tmp_path / "weights")
    assert error.code == "weights.full_disk"
    assert "2,000,000,000 MB are needed" in error.message


_LIMITED = """
import resource, sys
from pathlib import Path
from engine.contract.errors import ModelError
from engine.weights.pull import pull
from engine.weights.catalogue import SOURCES
resource.setrlimit(resource.RLIMIT_FSIZE, (5_000_000, 5_000_000))
try:
    pull(SOURCES["vitmatte-s"], Path(sys.argv[1]), progress=lambda *_: None, server=sys.argv[2], pauses=())
except ModelError as error:
    print(error.code, error.message)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit for the size of files")
def test_a_disk_that_fills_up_is_said(fetch, publisher, official, tmp_path, repository):
    """When the disk takes no more in the middle, that is said, what arrived stays, and a later pull goes on."""
    said = subprocess.run(
        [sys.executable, "-c", _LIMITED, str(tmp_path / "weights"), publisher.address],
        cwd=repository,
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout.startswith("weights.full_disk")
    assert "is kept" in said.stdout
    assert list((tmp_path / "weights").glob("*.safetensors")) == []
    assert fetch().sha256 == _sha256(official)
    assert publisher.asked[-1] == (PATH, "bytes=5000000-")


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="nothing is forbidden to this user")
def test_a_folder_that_cannot_be_written(fetch, tmp_path):
    """A folder without permission is told, with another as the way out."""
    (tmp_path / "weights").mkdir(mode=0o500)
    assert _refused(fetch, tmp_path / "weights").code == "weights.unwritable"


def test_a_file_in_the_folders_place(fetch, tmp_path):
    """Where the weights folder should be, but a file is, that is told."""
    (tmp_path / "weights").write_text("")
    with pytest.raises(ModelError, match="cannot be written") as raised:
        fetch()
    assert raised.value.code == "weights.unwritable"


def test_two_pulls_do_not_mix(fetch, publisher, tmp_path):
    """While one pull is under way, another into the same folder is refused, and the first ends well."""
    publisher.pause = True
    ended = []
    first = threading.Thread(target=lambda: ended.append(fetch()))
    first.start()
    while not publisher.asked:
        threading.Event().wait(0.01)
    assert _refused(fetch, tmp_path / "weights").code == "weights.busy"
    publisher.resume.set()
    first.join()
    assert ended[0].weights.name == "vitmatte-s"


@pytest.mark.parametrize(
    ("name", "code", "words"),
    [
        ("mematte-s", "weights.by_hand", "github.com/linyiheng123/MEMatte"),
        ("vitmatte-b", "weights.by_hand", "mam2 weights import ViTMatte_B_Com.pth"),
        ("mam2-l", "weights.not_published", "Nobody publishes"),
        ("starter", "weights.not_published", "ships with mam2"),
        ("sam3", "model.unknown", "sam2.1-l"),
    ],
)
def test_what_cannot_be_fetched_says_how_else(name, code, words):
    """Weights without an address name the page for people, or what to use instead."""
    with pytest.raises(ModelError) as raised:
        source_of(name)
    assert raised.value.code == code
    assert words in str(raised.value)


def test_a_damaged_record_is_said(fetch, tmp_path):
    """A record of checksums that cannot be read stops a pull; it is not silently begun anew."""
    (tmp_path / "weights").mkdir()
    (tmp_path / "weights" / "pulled.json").write_text(json.dumps({"vitmatte-s": {"sha256": 1}}))
    assert _refused(fetch, tmp_path / "weights").code == "weights.record"
