"""`mam2 weights pull` and `remove`, against a publisher on a real socket."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest
from published_weights import values, vitmatte_rows
from publisher import published
from safetensors.torch import save

from engine.weights.catalogue import SOURCES

SOURCE = SOURCES["vitmatte-s"]
PATH = f"/{SOURCE.repository}/resolve/main/{SOURCE.file}"


@pytest.fixture(scope="module")
def official():
    """The bytes of a ViTMatte-S file as it is published, with seeded numbers."""
    return save(values({theirs: shape for _, theirs, shape in vitmatte_rows()}))


@pytest.fixture
def publisher(official, monkeypatch):
    """A mirror with the official paths, and no proxy before it."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with published({PATH: official}) as one:
        monkeypatch.setenv("HF_ENDPOINT", one.address)
        yield one


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The weights folder."""
    monkeypatch.setenv("MAM2_WEIGHTS", str(tmp_path / "weights"))
    return tmp_path / "weights"


def test_a_pull_says_what_it_brings(mam2, publisher, folder):
    """Name, size, licence, address and checksum are told first; what came, its licence and its checksum at the end."""
    said = mam2("weights", "pull", "vitmatte-s", "--yes")
    assert said.code == 0, said.err
    assert "vitmatte-s: model.safetensors of hustvl/vitmatte-small-composition-1k, about 103 MB" in said.err
    assert "licence   non-commercial: learnt from Composition-1k" in said.err
    assert f"address   {publisher.address}{PATH}" in said.err
    assert "SHA-256   none is published; that of this first pull is recorded" in said.err
    assert f"vitmatte-s (matter), 25.8 M parameters, kept as {folder / 'vitmatte-s.safetensors'}" in said.out
    assert "(recorded for later pulls)" in said.out
    asked = len(publisher.asked)
    again = mam2("weights", "pull", "vitmatte-s", "--yes", "--json")
    assert (again.code, again.out) == (0, "[]\n")
    assert "is here already" in again.err
    assert len(publisher.asked) == asked
    whole = mam2("weights", "verify")
    assert whole.code == 0
    other = mam2("weights", "pull", "vitmatte-s", "--yes", "--again", "--json")
    assert json.loads(other.out)[0]["checked_against"] == "first pull"
    removed = mam2("weights", "remove", "vitmatte-s", "--yes", "--forget")
    assert "deleted vitmatte-s: 103 MB are free" in removed.out
    assert "forgot the checksum of vitmatte-s" in removed.out
    assert not (folder / "vitmatte-s.safetensors").exists()


@pytest.mark.usefixtures("publisher", "folder")
def test_verify_keeps_to_the_first_pull(mam2, tmp_path):
    """Weights that were imported from another file than the first pull's are told by `verify`."""
    assert mam2("weights", "pull", "vitmatte-s", "--yes").code == 0
    other = tmp_path / "model.safetensors"
    other.write_bytes(save(values({theirs: shape for _, theirs, shape in vitmatte_rows()}, seed=8)))
    assert mam2("weights", "import", other).code == 0
    said = mam2("weights", "verify")
    assert said.code == 2
    assert "made from another file than the one that was pulled first" in said.out


@pytest.mark.usefixtures("folder")
def test_nothing_is_fetched_unasked(mam2, publisher):
    """Without a terminal and without --yes, nothing is asked of the server, and the status is that of bad input."""
    said = mam2("weights", "pull", "vitmatte-s")
    assert said.code == 2
    assert "nothing was done" in said.error
    assert "--yes" in said.err
    assert publisher.asked == []


def test_no_is_no(publisher, folder, repository):
    """At a terminal the question is asked, and after a no nothing was fetched."""
    leader, follower = pytest.importorskip("pty").openpty()
    command = [sys.executable, "-m", "engine", "weights", "pull", "vitmatte-s"]
    with subprocess.Popen(
        command, cwd=repository, stdin=follower, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        os.write(leader, b"n\n")
        _, err = process.communicate(timeout=60)
    os.close(leader)
    os.close(follower)
    assert process.returncode == 0
    assert f"Download into {folder}" in err
    assert publisher.asked == []
    assert not folder.exists()


@pytest.mark.skipif(os.name == "nt", reason="Windows sends Ctrl-C to a whole console")
def test_ctrl_c_keeps_what_has_arrived(mam2, publisher, official, folder, repository):
    """After Ctrl-C in the middle the status is 130, nothing is in place, and the next pull fetches the rest alone."""
    publisher.pause = True
    command = [sys.executable, "-m", "engine", "weights", "pull", "vitmatte-s", "--yes"]
    part = folder / ".pulling" / "vitmatte-s" / ".model.safetensors.part"
    with subprocess.Popen(command, cwd=repository, stderr=subprocess.PIPE, text=True) as process:
        ends = time.monotonic() + 60
        while time.monotonic() < ends and not (part.exists() and part.stat().st_size == len(official) // 2):
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "the next pull goes on from there" in err
    assert list(folder.glob("*.safetensors")) == []
    publisher.pause = False
    assert mam2("weights", "pull", "vitmatte-s", "--yes").code == 0
    assert publisher.asked[-1] == (PATH, f"bytes={len(official) // 2}-")


@pytest.mark.usefixtures("publisher", "folder")
def test_weights_for_people_alone_say_where(mam2):
    """Weights that only a page for people leads to are not fetched: the page is named, and the next step."""
    said = mam2("weights", "pull", "mematte-s", "--yes")
    assert said.code == 2
    assert "github.com/linyiheng123/MEMatte" in said.error
    assert "mam2 weights import MEMatte_ViTS_DIM.pth" in said.err


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("name", "words"), [("starter", "stays"), ("vitmatte-s", "no weights"), ("x", "no weights 'x'")]
)
def test_what_is_not_there_is_not_removed(mam2, name, words):
    """The starter stays; weights that are not here, and names of none, are told."""
    said = mam2("weights", "remove", name, "--yes")
    assert said.code == 2
    assert words in said.error


@pytest.mark.usefixtures("folder")
def test_the_list_says_how_to_get_each(mam2, monkeypatch):
    """What can be fetched is listed with its command and size, the rest with its page; the starter is named."""
    monkeypatch.setenv("COLUMNS", "200")
    out = mam2("weights", "list").out
    for name, source in SOURCES.items():
        assert f"{source.megabytes} MB, " in out
        assert f": mam2 weights pull {name}" in out
    assert "github.com/linyiheng123/MEMatte, then: mam2 weights import MEMatte_ViTS_DIM.pth" in out
    assert "The starter ships with mam2 and needs nothing else" in out
