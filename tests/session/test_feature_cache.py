import errno
from pathlib import Path

import pytest
import torch
from safetensors import SafetensorError

from engine.contract.errors import OutputError
from engine.model.tensors import Features
from engine.session import features
from engine.session.features import FeatureCache

FRAME_BYTES = 4 * (8 * 4 + 2 * 64 + 4 * 16)


def features_of(frame, dtype=torch.float32):
    """Features whose values tell the frame."""
    generator = torch.Generator().manual_seed(frame)
    shapes = ((1, 8, 2, 2), (1, 2, 8, 8), (1, 4, 4, 4))
    return Features(*(torch.randn(shape, generator=generator).to(dtype) for shape in shapes))


def same(one, other):
    """Tell whether two features are the same bit by bit."""
    return all(
        torch.equal(a, b) and a.dtype == b.dtype for a, b in zip(vars(one).values(), vars(other).values(), strict=True)
    )


class Computer:
    """Asks a cache, and notes what had to be computed."""

    def __init__(self, dtype=torch.float32):
        self.asked, self.dtype = [], dtype

    def __call__(self, cache, frame):
        """Give the features of a frame from the cache."""

        def compute():
            self.asked.append(frame)
            return features_of(frame, self.dtype)

        return cache.get(frame, compute)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_what_comes_from_disk_is_what_was_computed(tmp_path, dtype):
    """Features come back from disk bit by bit, in the type they were computed in."""
    ask, cache = Computer(dtype), FeatureCache(0, folder=tmp_path)
    for frame in range(4):
        ask(cache, frame)
    for frame in range(4):
        assert same(ask(cache, frame), features_of(frame, dtype))
    assert ask.asked == [0, 1, 2, 3]


def test_memory_stays_within_its_bytes():
    """In memory the frames used longest ago make room, and a frame used again stays."""
    ask, cache = Computer(), FeatureCache(2 * FRAME_BYTES)
    for frame in (0, 1, 0, 2):
        ask(cache, frame)
        assert cache.ram_bytes <= 2 * FRAME_BYTES
    for frame in (0, 2, 1):
        ask(cache, frame)
    assert ask.asked == [0, 1, 2, 1]


def test_disk_stays_within_its_bytes(tmp_path):
    """On disk old frames make room too, and nothing but whole files lies there."""
    ask, cache = Computer(), FeatureCache(0, folder=tmp_path, disk_bytes=4 * FRAME_BYTES)
    for frame in range(10):
        ask(cache, frame)
    on_disk = list(tmp_path.iterdir())
    assert sum(path.stat().st_size for path in on_disk) == cache.disk_bytes <= 4 * FRAME_BYTES
    assert {path.stem for path in on_disk} == {str(frame) for frame in range(10 - len(on_disk), 10)}


def test_a_kept_folder_serves_the_next_session(tmp_path):
    """A second cache on the same folder computes nothing that the first one kept."""
    ask = Computer()
    for frame in range(3):
        ask(FeatureCache(folder=tmp_path), frame)
    assert same(ask(FeatureCache(folder=tmp_path), 1), features_of(1))
    assert ask.asked == [0, 1, 2]


def test_forgetting_leaves_nothing_of_a_frame(tmp_path):
    """A frame that was forgotten is computed anew, and nothing of it stays in memory or on disk; others are kept."""
    ask, cache = Computer(), FeatureCache(folder=tmp_path)
    ask(cache, 4)
    ask(cache, 5)
    cache.forget([5, 6])
    assert [path.stem for path in tmp_path.iterdir()] == ["4"]
    ask(cache, 4)
    ask(cache, 5)
    assert ask.asked == [4, 5, 5]
    cache.forget([4, 5])
    assert not list(tmp_path.iterdir())
    assert cache.ram_bytes == cache.disk_bytes == 0


def test_a_folder_that_goes_away_is_an_error_for_people(tmp_path):
    """When features cannot be written, the error names the folder and what to do."""
    cache = FeatureCache(folder=tmp_path / "features")
    (tmp_path / "features").rmdir()
    with pytest.raises(OutputError, match="features") as error:
        cache.get(1, lambda: features_of(1))
    assert error.value.code == "output.scratch"


def test_a_full_disk_is_told_as_such(tmp_path, monkeypatch):
    """When there is no room for features, the error says so, and nothing half-written takes the last of it."""
    cache = FeatureCache(folder=tmp_path)

    def refuse(path, data):
        with path.open("wb") as file:
            file.write(data[:9])
        raise OSError(errno.ENOSPC, "No space left on device")

    def refuse_too(*_):
        raise SafetensorError("Error while serializing: I/O error: No space left on device (os error 28)")

    monkeypatch.setattr(features, "save_file", refuse_too)
    monkeypatch.setattr(Path, "write_bytes", refuse)
    with pytest.raises(OutputError, match="full") as error:
        cache.get(1, lambda: features_of(1))
    assert error.value.code == "output.full_disk"
    assert list(tmp_path.iterdir()) == []


def test_at_rest_memory_holds_only_what_no_disk_does(tmp_path):
    """What lies on disk too leaves memory and is read again, unchanged; without a folder nothing is lost."""
    ask = Computer()
    with_folder, without = FeatureCache(folder=tmp_path), FeatureCache()
    for cache, left in ((with_folder, 0), (without, FRAME_BYTES)):
        ask(cache, 1)
        cache.rest()
        assert cache.ram_bytes == left
        assert same(ask(cache, 1), features_of(1))
    assert ask.asked == [1, 1]
