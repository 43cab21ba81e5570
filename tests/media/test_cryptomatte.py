"""Cryptomatte files, as a reader built from the specification sees them."""

import json
import struct

import numpy as np
import OpenImageIO
import pytest

from engine.contract.errors import OutputError
from engine.media.cryptomatte import TYPE, cryptomatte_channels, cryptomatte_header, id_bits, name_hash
from engine.media.mattes import MatteWriter, More, ObjectMatte

HEIGHT, WIDTH = 12, 20
NAMES = ("torus", "равнина", "cup", "smoke_2", "person", "tree", "glass", "net")


def overlapping(count: int) -> dict[str, np.ndarray]:
    """Give alphas of so many objects, which overlap everywhere and together leave some of each pixel free."""
    shares = np.random.default_rng(3).dirichlet(np.ones(count + 1), (HEIGHT, WIDTH)).astype(np.float32)
    return {name: np.ascontiguousarray(shares[..., at]) for at, name in enumerate(NAMES[:count])}


def write(folder, alphas, names=NAMES, frame=1001):
    """Write a frame with its Cryptomatte beside the alphas."""
    empty = np.zeros((HEIGHT, WIDTH), np.float32)
    writer = MatteWriter(folder, "ids", width=WIDTH, height=HEIGHT, objects=[f"o{at}" for at in range(len(names))])
    mattes = {f"o{at}": ObjectMatte(alphas.get(name, empty)) for at, name in enumerate(names)}
    more = More(cryptomatte_channels(alphas, (HEIGHT, WIDTH)), cryptomatte_header(names))
    return writer.write(frame, mattes, more=more)


class Reader:
    """Reads a file as the specification says, from its header alone; shares no line with the writer."""

    def __init__(self, path) -> None:
        image = OpenImageIO.ImageInput.open(str(path))
        self.spec = image.spec()
        texts = {one.name: one.value for one in self.spec.extra_attribs}
        (key,) = {name.split("/")[1] for name in texts if name.startswith("cryptomatte/")}
        assert len(key) == 7
        self.about = {name: texts[f"cryptomatte/{key}/{name}"] for name in ("name", "hash", "conversion", "manifest")}
        self.manifest = json.loads(self.about["manifest"])
        pixels = image.read_image(0, 0, 0, self.spec.nchannels, "float")
        self.layers = sorted({c[:-2] for c in self.spec.channelnames if c.startswith(self.about["name"])})
        planes = {name: pixels[..., at] for at, name in enumerate(self.spec.channelnames)}
        self.pairs = [
            (planes[f"{layer}.{one}"], planes[f"{layer}.{share}"])
            for layer in self.layers
            for one, share in ("RG", "BA")
        ]
        image.close()

    def matte(self, name: str) -> np.ndarray:
        """Give an object's coverage (H, W) by its name in the manifest."""
        wanted = np.float32(struct.unpack("<f", struct.pack("<I", int(self.manifest[name], 16)))[0])
        return np.sum([np.where(one == wanted, share, 0) for one, share in self.pairs], axis=0)


@pytest.mark.parametrize(
    ("name", "bits", "number"),
    [("torus", 4053562365, -1.54943624832e30), ("равнина", 2518896926, -1.31926312124e-25)],
)
def test_the_specifications_vectors(name: str, bits: int, number: float):
    """Names become the hashes and floats that the specification and its samples state, beyond ASCII too."""
    assert name_hash(name) == id_bits(name) == bits
    assert struct.unpack("<f", struct.pack("<I", id_bits(name)))[0] == pytest.approx(number, rel=1e-11)


def test_ids_are_ordinary_floats():
    """No ID is zero, denormal, infinite or not a number: of 5,000 names, those that would be have one bit toggled."""
    toggled = 0
    for at in range(5000):
        hashed, bits = name_hash(f"object{at}"), id_bits(f"object{at}")
        assert 0 < bits >> 23 & 0xFF < 0xFF
        assert hashed ^ bits in {0, 1 << 23}
        assert (hashed != bits) == ((hashed >> 23 & 0xFF) in {0, 0xFF})
        toggled += hashed != bits
    assert toggled
    assert id_bits("") == 1 << 23


@pytest.mark.parametrize("count", [1, 3, 6])
def test_every_object_comes_back(tmp_path, count: int):
    """Up to six objects in one pixel come back to the bit, Cyrillic names too, and with the background they fill it."""
    alphas = overlapping(count)
    found = Reader(write(tmp_path, alphas))
    assert found.about["hash"] == "MurmurHash3_32"
    assert found.about["conversion"] == "uint32_to_float32"
    for name, alpha in alphas.items():
        np.testing.assert_array_equal(found.matte(name), alpha)
    total = np.sum([share for _, share in found.pairs], axis=0)
    np.testing.assert_allclose(total, sum(alphas.values()), atol=1e-6)
    assert (total <= 1 + 1e-6).all()


def test_of_eight_objects_the_six_largest_count(tmp_path):
    """Where eight objects share a pixel, ranks fall from the largest on, and only the two smallest are left out."""
    alphas = overlapping(8)
    found = Reader(write(tmp_path, alphas))
    ordered = np.sort(np.stack(list(alphas.values())), axis=0)[::-1]
    np.testing.assert_array_equal(np.stack([share for _, share in found.pairs]), ordered[:6])
    for name, alpha in alphas.items():
        assert set(np.unique(found.matte(name) == alpha)) <= {True, False}
        kept = found.matte(name) > 0
        np.testing.assert_array_equal(found.matte(name)[kept], alpha[kept])
        assert (alpha[~kept] <= ordered[5][~kept]).all()


def test_a_frame_without_objects_has_the_same_layers(tmp_path):
    """A frame that shows nothing has every layer, all 0, and the same manifest; floats stay 32 bits and lossless."""
    full, empty = Reader(write(tmp_path, overlapping(8))), Reader(write(tmp_path, {}, frame=1002))
    assert full.layers == empty.layers == [f"{TYPE}{level:02d}" for level in range(3)]
    assert full.manifest == empty.manifest
    assert list(full.manifest) == list(NAMES)
    assert all(not one.any() and not share.any() for one, share in empty.pairs)
    for spec in (full.spec, empty.spec):
        kinds = {name: str(spec.channelformat(at)) for at, name in enumerate(spec.channelnames)}
        assert {kind for name, kind in kinds.items() if name.startswith(TYPE)} == {"float"}
        assert kinds["o0.alpha"] == "half"
        assert spec["compression"] == "zip"
        assert (spec.x, spec.y, spec.width, spec.height) == (0, 0, spec.full_width, spec.full_height)


def test_names_with_one_hash_are_refused(monkeypatch):
    """Two objects whose names give one ID could not be told apart: they are refused before anything is written."""
    monkeypatch.setattr("engine.media.cryptomatte.name_hash", lambda _: 0x42000000)
    with pytest.raises(OutputError) as raised:
        cryptomatte_header(("one", "two"))
    assert raised.value.code == "output.object_name"


def test_a_public_decoder_reads_it(tmp_path):
    """The decoder `decryptomatte` of the package index finds every object with its coverage."""
    decoder = pytest.importorskip("decryptomatte")
    alphas = overlapping(6)
    decrypt = decoder.Decrypt(write(tmp_path, alphas))
    (stream,) = decrypt.sorted_metadata.values()
    assert json.loads(stream["manifest"]) == {name: f"{id_bits(name):08x}" for name in NAMES}
    mattes = decrypt.get_mattes_by_names(decrypt.list_layers())
    for name, alpha in alphas.items():
        (found,) = [one for key, one in mattes.items() if key.endswith(name)]
        np.testing.assert_allclose(np.squeeze(found), alpha, atol=1e-6)
    decrypt.shutdown()
