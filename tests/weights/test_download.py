"""Downloads from a server on a real socket that cuts, moves, refuses and lies."""

import pytest
from publisher import BYTES, FILE

from engine.contract.errors import ModelError
from engine.weights.download import Partial, download, open_client


@pytest.fixture
def fetch(tmp_path):
    """Fetch from an address into a partial file of this test's, without waiting between attempts."""
    partial = Partial(tmp_path, "file.bin")

    def one(address, *, attempts=3, admit=lambda _: None, seen=None):
        with open_client() as client:
            watch = (lambda done, total: seen.append((done, total))) if seen is not None else lambda *_: None
            download(client, address, partial, admit=admit, progress=watch, pauses=(0,) * (attempts - 1))
        return partial

    one.partial = partial
    return one


def _code(fetch, *arguments, **options):
    with pytest.raises(ModelError) as raised:
        fetch(*arguments, **options)
    assert raised.value.hint
    return raised.value.code, raised.value.message


def test_a_file_arrives_whole(fetch, publisher):
    """What a server gives arrives to the byte, and progress ends at the whole size."""
    seen = []
    assert fetch(publisher.address + FILE, seen=seen).path.read_bytes() == BYTES
    assert seen[0] == (0, len(BYTES))
    assert seen[-1] == (len(BYTES), len(BYTES))
    assert publisher.asked == [(FILE, "")]


def test_a_cut_connection_is_gone_on_with(fetch, publisher):
    """After each cut the rest alone is asked for, and the parts join to the byte."""
    publisher.cuts = [1_000_000, 700_001]
    assert fetch(publisher.address + FILE).path.read_bytes() == BYTES
    assert publisher.asked == [(FILE, ""), (FILE, "bytes=1000000-"), (FILE, "bytes=1700001-")]


def test_cuts_that_bring_something_never_end_it(fetch, publisher):
    """However often a line is cut, a download that grows each time is finished."""
    publisher.cuts = [100_000] * 20
    assert fetch(publisher.address + FILE, attempts=2).path.read_bytes() == BYTES


def test_cuts_that_bring_nothing_do(fetch, publisher):
    """A line that brings nothing is given up; what arrived before is kept, and a later call goes on from there."""
    publisher.cuts = [1_000_000, 0, 0, 0]
    code, message = _code(fetch, publisher.address + FILE)
    assert code == "weights.cut"
    assert "1.0 MB have arrived and are kept" in message
    assert fetch.partial.size == 1_000_000
    publisher.cuts = []
    assert fetch(publisher.address + FILE).path.read_bytes() == BYTES
    assert publisher.asked[-1] == (FILE, "bytes=1000000-")


@pytest.mark.parametrize("how", ["no ranges", "no tag", "weak tag"])
def test_a_server_that_cannot_resume_begins_anew(fetch, publisher, how):
    """Where a server cannot give the rest, or cannot promise that it is of the same file, all of it comes again."""
    publisher.ranges = how != "no ranges"
    publisher.tag = {"no tag": "", "weak tag": 'W/"one"'}.get(how, publisher.tag)
    publisher.cuts = [2_000_000]
    assert fetch(publisher.address + FILE).path.read_bytes() == BYTES
    assert publisher.asked == [(FILE, ""), (FILE, "bytes=2000000-" if how == "no ranges" else "")]


def test_a_file_that_changed_meanwhile_is_not_mixed(fetch, publisher):
    """When the file changed on the server after a cut, nothing of the old one is left."""
    publisher.cuts = [1_000_000, 0]
    _code(fetch, publisher.address + FILE, attempts=1)
    publisher.files[FILE], publisher.tag, publisher.cuts = BYTES[::-1], '"two"', []
    assert fetch(publisher.address + FILE).path.read_bytes() == BYTES[::-1]


def test_a_part_from_elsewhere_is_not_appended(fetch, publisher):
    """A server that answers with another part than was asked for spoils nothing."""
    # Cut where the whole would have its right length, one byte of it twice.
    publisher.cuts, publisher.ignores_offset = [1_000_000, len(BYTES) - 1_000_000], True
    assert fetch(publisher.address + FILE).path.read_bytes() == BYTES


def test_what_is_complete_is_not_fetched_again(fetch, publisher):
    """When every byte had arrived before the stop, the server's word that nothing is left is enough."""
    fetch(publisher.address + FILE)
    assert fetch(publisher.address + FILE).path.read_bytes() == BYTES
    assert publisher.asked[-1] == (FILE, f"bytes={len(BYTES)}-")


def test_redirects_are_followed(fetch, publisher):
    """A file that moved is found, and the rest after a cut too."""
    publisher.moved = {"/old": f"{publisher.address}{FILE}"}
    publisher.cuts = [1_000_000]
    assert fetch(publisher.address + "/old").path.read_bytes() == BYTES
    assert publisher.asked[-1] == (FILE, "bytes=1000000-")


def test_a_circle_of_redirects_ends(fetch, publisher):
    """Addresses that send on to each other are given up."""
    publisher.moved = {"/a": f"{publisher.address}/b", "/b": f"{publisher.address}/a"}
    assert _code(fetch, publisher.address + "/a", attempts=1)[0] == "weights.server"


@pytest.mark.parametrize(
    ("statuses", "code"),
    [
        ([404], "weights.not_there"),
        ([403], "weights.refused"),
        ([407], "weights.refused"),
        ([500] * 3, "weights.server"),
    ],
)
def test_a_refusal_is_told_apart(fetch, publisher, statuses, code):
    """Gone, forbidden and broken have each their words, and leave no file."""
    publisher.statuses = list(statuses)
    found, message = _code(fetch, publisher.address + FILE)
    assert found == code
    assert str(statuses[0]) in message
    assert len(publisher.asked) == len(statuses)
    assert fetch.partial.size == 0


def test_a_server_in_trouble_is_asked_again(fetch, publisher):
    """A server that is busy or broken for a moment does not end the download."""
    publisher.statuses = [500, 429]
    assert fetch(publisher.address + FILE).path.read_bytes() == BYTES


def test_a_log_in_page_is_not_kept(fetch, publisher):
    """A web page in the place of the file is called one, before any of it is written."""
    publisher.kind = "text/html; charset=utf-8"
    assert _code(fetch, publisher.address + FILE)[0] == "weights.web_page"
    assert fetch.partial.size == 0


def test_room_is_asked_for_first(fetch, publisher):
    """Before the first byte is written, it is said how many are to come; after a cut, how many are left."""
    admitted = []
    publisher.cuts = [1_000_000]
    fetch(publisher.address + FILE, admit=admitted.append)
    assert admitted == [len(BYTES), len(BYTES) - 1_000_000]


def test_nobody_there(fetch):
    """An address where nobody listens cannot be reached, and proxies are named as a way out."""
    with pytest.raises(ModelError) as raised:
        fetch("http://127.0.0.1:9/file.bin", attempts=1)
    assert raised.value.code == "weights.network"
    assert "HTTPS_PROXY" in raised.value.hint
