"""Mattes out: whole files, right names, values that come back."""

import os
import re
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import OpenImageIO
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from picture_files import ramp, write_image

from engine.contract.errors import OutputError, PlateError
from engine.media.atomic import atomic_file
from engine.media.matte_files import read_matte, read_signature
from engine.media.mattes import MatteWriter, ObjectMatte, plain_name
from engine.media.plates import open_plates

WIDTH, HEIGHT = 24, 16
ALL = ("alpha", "trimap", "mask")


def matte(seed=0):
    """Give a matte with different values in every layer."""
    rng = np.random.default_rng(seed)
    alpha, mask = rng.random((2, HEIGHT, WIDTH), dtype=np.float32)
    trimap = rng.integers(0, 3, (HEIGHT, WIDTH)).astype(np.float32) / 2
    return ObjectMatte(alpha, trimap, mask)


def writer(folder, **options):
    """Open a writer for two objects."""
    settings = {"width": WIDTH, "height": HEIGHT, "objects": ("person", "smoke_2"), "layers": ALL}
    return MatteWriter(folder, "matte", **{**settings, **options})


@contextmanager
def small_files_only():
    """Make every write beyond 2 kB fail as on a full disk; pytest's own output may be such a file, so only inside."""
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2048, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_every_layer_comes_back(tmp_path):
    """Alpha, trimap and mask of each object come back as half floats under `object.layer`; the trimap exactly."""
    mattes = {"person": matte(1), "smoke_2": matte(2)}
    path = writer(tmp_path).write(1001, mattes)
    assert path == tmp_path / "matte.1001.exr"
    found = read_matte(path)
    for name, one in mattes.items():
        for layer in ALL:
            np.testing.assert_allclose(found[f"{name}.{layer}"], getattr(one, f"{layer}_hw"), atol=2.5e-4)
        np.testing.assert_array_equal(found[f"{name}.trimap"], one.trimap_hw)


def test_main_channels_are_all_objects_together(tmp_path):
    """R, G, B and A hold the sum of the objects' alphas, at most 1."""
    mattes = {"person": matte(1), "smoke_2": matte(2)}
    found = read_matte(writer(tmp_path, layers=("mask",)).write(1, mattes))
    together = np.minimum(mattes["person"].alpha_hw + mattes["smoke_2"].alpha_hw, 1)
    assert (together == 1).any()
    for name in "RGBA":
        np.testing.assert_allclose(found[name], together, atol=2.5e-4)
    assert set(found) == {"R", "G", "B", "A", "person.mask", "smoke_2.mask"}


def test_file_is_as_hosts_expect(tmp_path):
    """Half, ZIP, data window and display window both the plate, one layer an object, alpha known as alpha."""
    path = writer(tmp_path).write(7, {"person": matte(), "smoke_2": matte()})
    image = OpenImageIO.ImageInput.open(str(path))
    spec = image.spec()
    image.close()
    assert str(spec.format) == "half"
    assert spec.get_string_attribute("compression") == "zip"
    assert (spec.x, spec.y, spec.width, spec.height) == (0, 0, WIDTH, HEIGHT)
    assert (spec.full_x, spec.full_y, spec.full_width, spec.full_height) == (0, 0, WIDTH, HEIGHT)
    assert spec.channelnames[spec.alpha_channel] == "A"
    assert {name.split(".")[0] for name in spec.channelnames} == {"R", "G", "B", "A", "person", "smoke_2"}


def test_values_are_rounded_to_the_nearest_half(tmp_path):
    """Every channel holds the nearest half float, to even where two are as near, down to the smallest there are."""
    rng = np.random.default_rng(3)
    alpha = np.concatenate([rng.random(4000), 10 ** rng.uniform(-9, 0, 4000), (np.arange(2000) + 0.5) / 2048, [0, 1]])
    alpha = alpha.astype(np.float32).reshape(2, -1)
    out = writer(tmp_path, width=alpha.shape[1], height=2, objects=("person",), layers=("alpha",))
    for channel in read_matte(out.write(1, {"person": ObjectMatte(alpha)})).values():
        np.testing.assert_array_equal(channel, alpha.astype(np.float16))


def test_frame_numbers_are_the_host_s(tmp_path):
    """Numbers are padded as asked and found again as a sequence."""
    out = writer(tmp_path, objects=("person",), frames_padding=6)
    for frame in (99, 1001, 1234567):
        out.write(frame, {"person": matte()})
    assert sorted(file.name for file in tmp_path.iterdir()) == [
        "matte.000099.exr",
        "matte.001001.exr",
        "matte.1234567.exr",
    ]
    assert open_plates(tmp_path / "matte.######.exr").frames == (99, 1001, 1234567)


def test_frames_before_zero_are_found_again(tmp_path):
    """Mattes of frames before 0 are a sequence in the right order."""
    out = writer(tmp_path, objects=("person",))
    for frame in (-2, -1, 0):
        out.write(frame, {"person": matte()})
    assert open_plates(tmp_path).frames == (-2, -1, 0)


def test_the_longest_name_can_be_written(tmp_path):
    """A name as long as is allowed is written, whatever its temporary name would be."""
    out = MatteWriter(tmp_path, "p" * 240, width=WIDTH, height=HEIGHT, objects=("person",), layers=ALL)
    assert out.write(1, {"person": matte()}).is_file()


def test_a_plain_name_is_made_of_any():
    """Signs that hosts read as patterns or programs are left out of a name that is made."""
    assert plain_name("plate (v2) [final] 50% #3") == "plate (v2) _final_ 50_ _3"


def test_values_outside_the_range_are_bounded(tmp_path):
    """NaN becomes 0 and values outside 0..1 are cut off; the arrays given are left alone."""
    alpha = np.full((HEIGHT, WIDTH), 0.5, np.float32)
    alpha[0, :3] = (np.nan, -2, 7)
    before = alpha.copy()
    out = writer(tmp_path, objects=("person",), layers=("alpha",))
    found = read_matte(out.write(1, {"person": ObjectMatte(alpha)}))
    np.testing.assert_array_equal(found["person.alpha"][0, :4], (0, 0, 1, 0.5))
    np.testing.assert_array_equal(alpha, before)


def test_png_is_one_file_a_layer(tmp_path):
    """16-bit PNGs: one for each object and layer, named after them, precise to 1/65535."""
    mattes = {"person": matte(1), "smoke_2": matte(2)}
    out = writer(tmp_path, format="png16", layers=("alpha", "trimap"))
    path = out.write(1001, mattes, signature="abc")
    assert path == tmp_path / "matte.person.alpha.1001.png"
    assert sorted(file.name for file in tmp_path.iterdir()) == [
        f"matte.{thing}.{layer}.1001.png" for thing in ("person", "smoke_2") for layer in ("alpha", "trimap")
    ]
    np.testing.assert_allclose(read_matte(path)["Y"], mattes["person"].alpha_hw, atol=0.51 / 65535)
    assert out.signature(1001) == "abc"
    (tmp_path / "matte.smoke_2.trimap.1001.png").unlink()
    assert out.signature(1001) is None


def test_signature_comes_back(tmp_path):
    """The signature given is in the file; other people's files have none."""
    out = writer(tmp_path)
    mattes = {"person": matte(), "smoke_2": matte()}
    path = out.write(1, mattes, signature="sha256:äé/0123")
    assert read_signature(path) == "sha256:äé/0123"
    assert out.signature(1) == "sha256:äé/0123"
    assert out.signature(2) is None
    assert read_signature(out.write(2, mattes)) == ""
    assert read_signature(write_image(tmp_path / "other.exr", ramp(8, 8))) is None
    assert read_signature(tmp_path) is None


@pytest.fixture(scope="module")
def whole_mattes(tmp_path_factory):
    """One matte of either format."""
    folder = tmp_path_factory.mktemp("whole")
    return [
        MatteWriter(folder, kind, width=WIDTH, height=HEIGHT, objects=("a",), format=kind).write(
            1, {"a": matte()}, signature="s"
        )
        for kind in ("exr", "png16")
    ]


@settings(max_examples=60)
@given(kind=st.integers(0, 1), share=st.floats(0, 1, exclude_max=True))
def test_a_matte_cut_short_has_no_signature(tmp_path, whole_mattes, kind, share):
    """A matte cut at any length is not taken for a finished one, unless every pixel is still there."""
    data = whole_mattes[kind].read_bytes()
    cut = tmp_path / f"cut{whole_mattes[kind].suffix}"
    cut.write_bytes(data[: int(share * len(data))])
    if read_signature(cut) is not None:
        np.testing.assert_array_equal(list(read_matte(cut).values()), list(read_matte(whole_mattes[kind]).values()))


@settings(max_examples=40)
@given(place=st.floats(0.4, 1, exclude_max=True), flip=st.integers(1, 255))
def test_a_damaged_matte_has_no_signature(tmp_path, whole_mattes, place, flip):
    """A byte changed among the compressed pixels is noticed, or changes no value."""
    data = bytearray(whole_mattes[0].read_bytes())
    data[int(place * len(data))] ^= flip
    bad = tmp_path / "bad.exr"
    bad.write_bytes(data)
    if read_signature(bad) is not None:
        good, found = read_matte(whole_mattes[0]), read_matte(bad)
        assert all((good[name] == found[name]).all() for name in good)


def test_reading_what_is_no_matte(tmp_path):
    """Reading a missing or broken matte is a `PlateError`."""
    with pytest.raises(PlateError) as caught:
        read_matte(tmp_path / "none.exr")
    assert caught.value.code == "plates.missing"


@pytest.mark.parametrize("kind", ["exr", "png16"])
def test_full_disk_is_told_and_leaves_nothing(tmp_path, kind):
    """On a full disk the frame is `output.full_disk`; the matte that was there before is whole, and nothing else is."""
    out = writer(tmp_path, format=kind, layers=("alpha",), width=96, height=64)
    rng = np.random.default_rng(3)
    mattes = {name: ObjectMatte(rng.random((64, 96), dtype=np.float32)) for name in ("person", "smoke_2")}
    path = out.write(1, mattes, signature="before")
    files = {file: file.read_bytes() for file in tmp_path.iterdir()}
    for frame in (1, 2):
        with pytest.raises(OutputError, match=f"matte.*{frame}") as caught, small_files_only():
            out.write(frame, mattes, signature="after")
        assert caught.value.code == "output.full_disk"
    assert {file: file.read_bytes() for file in tmp_path.iterdir()} == files
    assert read_signature(path) == "before"


def test_folder_that_went_away_is_told(tmp_path):
    """If the folder is removed while a shot is tracked, the next frame says so."""
    out = writer(tmp_path / "out")
    (tmp_path / "out").rmdir()
    with pytest.raises(OutputError) as caught:
        out.write(1, {"person": matte(), "smoke_2": matte()})
    assert caught.value.code == "output.not_a_folder"


def test_folder_is_made_and_a_file_is_no_folder(tmp_path):
    """Folders are made as needed; a file where the folder should be is `output.not_a_folder`."""
    writer(tmp_path / "new" / "deep")
    assert (tmp_path / "new" / "deep").is_dir()
    (tmp_path / "file").write_text("here")
    for folder in (tmp_path / "file", tmp_path / "file" / "deeper"):
        with pytest.raises(OutputError) as caught:
            writer(folder)
        assert caught.value.code == "output.not_a_folder"


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere")
def test_forbidden_folder_is_told(tmp_path):
    """A folder that may not be written to is `output.unwritable`."""
    out = writer(tmp_path / "out")
    (tmp_path / "out").chmod(0o500)
    with pytest.raises(OutputError) as caught:
        out.write(1, {"person": matte(), "smoke_2": matte()})
    (tmp_path / "out").chmod(0o700)
    assert caught.value.code == "output.unwritable"


def test_a_name_that_is_a_folder_is_told(tmp_path):
    """A folder in a matte's place is `output.unwritable`, and no temporary file stays."""
    out = writer(tmp_path)
    out.path_of(1).mkdir()
    with pytest.raises(OutputError) as caught:
        out.write(1, {"person": matte(), "smoke_2": matte()})
    assert caught.value.code == "output.unwritable"
    assert list(tmp_path.iterdir()) == [out.path_of(1)]


def test_a_file_appears_only_when_it_is_done(tmp_path):
    """While a file is written its name does not exist; the temporary one is hidden and keeps the extension."""
    path = tmp_path / "a.0001.exr"
    with atomic_file(path, 10) as temporary:
        temporary.write_bytes(b"half of it")
        assert not path.exists()
        assert re.fullmatch(r"\.a\.0001\..*\.exr", temporary.name)
    assert path.read_bytes() == b"half of it"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError, MemoryError])
def test_whatever_stops_a_write_leaves_the_old_file(tmp_path, error):
    """An interruption in the middle keeps the old file and removes the temporary one."""

    def interrupted(path: Path):
        with atomic_file(path, 10) as temporary:
            temporary.write_bytes(b"new")
            raise error

    path = tmp_path / "a.exr"
    path.write_bytes(b"old")
    with pytest.raises(error):
        interrupted(path)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_of_no_bytes_is_a_failure(tmp_path):
    """A library that writes nothing and says nothing does not leave an empty matte."""

    def empty(path: Path):
        with atomic_file(path, 10) as temporary:
            temporary.touch()

    with pytest.raises(OutputError) as caught:
        empty(tmp_path / "a.exr")
    assert caught.value.code == "output.unwritable"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"layers": ("alpha", "depth")}, "output.layer"),
        ({"layers": ()}, "output.layer"),
        ({"format": "jpeg"}, "output.format"),
        ({"objects": ()}, "output.object_name"),
    ],
)
def test_impossible_outputs_are_told_at_once(tmp_path, options, code):
    """What cannot be written is refused before anything is tracked."""
    with pytest.raises(OutputError) as caught:
        writer(tmp_path, **options)
    assert caught.value.code == code


@pytest.mark.parametrize("name", ["", "a/b", "..", ".hidden", "50%", "shot #3", "[v2]", "$HOME", "p" * 250, "ß" * 124])
def test_names_that_leave_the_folder_are_refused(tmp_path, name):
    """A name is a file name's beginning, never a path, a pattern, or longer than any disk takes."""
    with pytest.raises(OutputError) as caught:
        MatteWriter(tmp_path, name, width=8, height=8, objects=("a",))
    assert caught.value.code == "output.name"


@pytest.mark.parametrize(
    ("mattes", "code"),
    [
        ({"person": matte()}, "output.incomplete"),
        ({"person": matte(), "smoke_2": ObjectMatte(matte().alpha_hw)}, "output.incomplete"),
        ({"person": matte(), "smoke_2": ObjectMatte(*[np.zeros((8, 8), np.float32)] * 3)}, "output.size"),
    ],
)
def test_incomplete_frames_are_not_written(tmp_path, mattes, code):
    """A frame that lacks an object or a layer, or has the wrong size, is refused and no file appears."""
    with pytest.raises(OutputError) as caught:
        writer(tmp_path).write(1, mattes)
    assert caught.value.code == code
    assert list(tmp_path.iterdir()) == []
