import torch

from engine.model.tensors import FrameMemory, Mask, Step
from engine.session.features import load_tensors, save_tensors
from engine.session.record import Record


def step_of(seed):
    """Give a random step."""
    torch.manual_seed(seed)
    mask = Mask(torch.randn(1, 1, 16, 16) * 10, torch.randn(1, 8), torch.ones(1, 1))
    features = torch.randn(1, 4, 4, 4).to(torch.bfloat16)
    return Step(mask, torch.randn(1, 3, 16, 16), FrameMemory(features, mask.pointer_bc))


def test_a_step_comes_back_as_it_was(tmp_path):
    """Mask and memory come back bit by bit, the trimap's logits as half floats."""
    record, step = Record(tmp_path, torch.device("cpu")), step_of(1)
    record.keep("hair", 1001, step)
    found, memory = record.found("hair", 1001), record.memory("hair", 1001)
    assert torch.equal(found.mask_b1hw, step.mask.logits_b1hw)
    assert torch.equal(found.trimap_b3hw, step.trimap_b3hw.half())
    assert torch.equal(memory.features_bmhw, step.memory.features_bmhw)
    assert memory.features_bmhw.dtype == torch.bfloat16
    assert torch.equal(memory.pointer_bc, step.memory.pointer_bc)


def test_tensors_lie_as_they_did(tmp_path):
    """Values, types and the order of channels in memory come back from a file as they went in."""
    torch.manual_seed(3)
    features = torch.randn(1, 4, 5, 6).bfloat16()
    kept = {
        "last": features.to(memory_format=torch.channels_last),
        "first": features,
        "flat": torch.randn(1, 8),
        "single": torch.randn(1, 1, 5, 6),
        "strided": torch.randn(1, 4, 5, 12)[..., ::2],
    }
    save_tensors(tmp_path / "some.tensors", kept)
    found = load_tensors(tmp_path / "some.tensors")
    assert found.keys() == kept.keys()
    assert all(torch.equal(found[name], tensor) and found[name].dtype == tensor.dtype for name, tensor in kept.items())
    assert found["last"].stride() == kept["last"].stride()
    assert found["first"].stride() == kept["first"].stride()
    assert load_tensors(tmp_path / "some.tensors", "last", "flat").keys() == {"last", "flat"}


def test_objects_are_kept_apart(tmp_path):
    """Objects whose names differ only in case do not share a file, and forgetting one leaves the other."""
    record = Record(tmp_path, torch.device("cpu"))
    record.keep("Fire", 1, step_of(1))
    record.keep("fire", 1, step_of(2))
    record.forget("Fire", range(5))
    assert not record.has("Fire", 1)
    assert torch.equal(record.found("fire", 1).mask_b1hw, step_of(2).mask.logits_b1hw)
    assert len(list(tmp_path.rglob("*.step"))) == 1


def test_an_alpha_belongs_to_one_tracking(tmp_path):
    """An alpha comes back bit by bit, and not once its frame is tracked anew, even if it is written after that."""
    record, alphas = Record(tmp_path, torch.device("cpu")), torch.rand(7)
    record.keep("hair", 3, step_of(1))
    first = record.alpha("hair", 3)
    assert first.read() is None
    first.keep(alphas)
    assert torch.equal(record.alpha("hair", 3).read(), alphas)
    record.forget("hair", [3])
    record.keep("hair", 3, step_of(2))
    first.keep(alphas)
    assert record.alpha("hair", 3).read() is None


def test_alphas_take_so_much_of_the_disk_and_no_more(tmp_path):
    """Beyond their room alphas are not kept; what is forgotten makes room; where they are only read none is written."""
    record = Record(tmp_path, torch.device("cpu"), alpha_bytes=1000)
    for frame in (1, 2, 3):
        record.keep("hair", frame, step_of(frame))
        record.alpha("hair", frame).keep(torch.rand(150))
    assert [record.alpha("hair", frame).read() is None for frame in (1, 2, 3)] == [False, True, True]
    record.forget("hair", [1])
    record.alpha("hair", 2, may_keep=False).keep(torch.rand(150))
    assert record.alpha("hair", 2).read() is None
    record.alpha("hair", 2).keep(torch.rand(150))
    assert record.alpha("hair", 2).read() is not None
