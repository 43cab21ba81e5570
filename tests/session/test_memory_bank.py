import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.model.tensors import FrameMemory
from engine.session.memory import POINTERS, PROMPTED, RECENT, MemoryBank, nearest, select


def memory_of(frame):
    """Give a memory that tells its frame."""
    return FrameMemory(torch.full((1, 2, 2, 2), float(frame)), torch.full((1, 4), float(frame)))


def test_a_frame_recalls_what_sam2_lets_it():
    """Deep in a shot a frame recalls its references, six whole memories and fifteen pointers, each of its own frame."""
    bank = MemoryBank()
    memory = bank.recall(50, select(50, [3, 90], range(3, 101), backward=False), memory_of, 1, 100, backward=False)
    assert (memory.frame, memory.length) == (49, 100)
    assert set(memory.prompted) == {2, 89}
    assert set(memory.recent) == set(range(34, 49))
    assert {t for t, kept in memory.recent.items() if kept.features_bmhw is not None} == set(range(43, 49))
    assert all(kept.pointer_bc[0, 0] == t + 1 for t, kept in {**memory.prompted, **memory.recent}.items())


def test_backward_looks_ahead():
    """Against time, the frames tracked lately are those after this one, up to the anchor."""
    chosen = select(50, [60], range(59, 0, -1), backward=True)
    assert chosen.prompted == (60,)
    assert chosen.recent == tuple(range(51, 60))


def test_nothing_is_recalled_from_before_the_anchor():
    """Near the anchor a frame recalls only what its sweep has tracked."""
    assert select(12, [10], range(10, 20), backward=False).recent == (11,)


def test_references_far_and_near():
    """Of many references the nearest eight are recalled, the nearest on either side always; near others are recent."""
    references = [1, *range(30, 60)]
    chosen = select(20, references, range(1, 101), backward=False)
    assert chosen.prompted == (1, *range(30, 37))
    crowded = select(50, range(1, 101), range(1, 101), backward=False)
    assert len(crowded.prompted) == PROMPTED
    assert not set(crowded.recent) & set(crowded.prompted)
    assert set(crowded.recent) | set(crowded.prompted) >= set(range(50 - POINTERS, 50))


@settings(max_examples=60)
@given(frames=st.sets(st.integers(0, 200), min_size=1, max_size=40), frame=st.integers(0, 200))
def test_the_nearest_are_nearest(frames, frame):
    """No reference left out is nearer than one chosen, but for the nearest on the other side."""
    chosen = nearest(frame, sorted(frames))
    assert len(chosen) == min(PROMPTED, len(frames))
    left_out = frames - set(chosen)
    farther = [t for t in chosen if left_out and abs(t - frame) > min(abs(u - frame) for u in left_out)]
    assert len(farther) <= 1


def test_a_bank_does_not_grow():
    """After ten thousand frames a bank holds what it held after fifty, and read nothing but references."""
    read = []

    def load(frame):
        read.append(frame)
        return memory_of(frame)

    bank, sweep, sizes = MemoryBank(), range(10_001), []
    for frame in sweep[1:]:
        bank.recall(frame, select(frame, [0, 5000], sweep, backward=False), load, 0, len(sweep), backward=False)
        bank.remember(frame, memory_of(frame))
        sizes.append(len(bank))
    assert max(sizes) == sizes[50] == POINTERS + 2 + 1
    assert set(read) == {0, 5000}
    assert len(read) == 2


def test_a_bank_starts_in_the_middle():
    """A bank that has seen nothing recalls what one that has seen every frame recalls."""
    sweep = range(40)
    seen, fresh = MemoryBank(), MemoryBank()
    for frame in sweep[1:30]:
        seen.recall(frame, select(frame, [0], sweep, backward=False), memory_of, 0, 40, backward=False)
        seen.remember(frame, memory_of(frame))
    chosen = select(30, [0], sweep, backward=False)
    one, other = (bank.recall(30, chosen, memory_of, 0, 40, backward=False) for bank in (seen, fresh))
    assert one.recent.keys() == other.recent.keys()
    for t, kept in one.recent.items():
        assert torch.equal(kept.pointer_bc, other.recent[t].pointer_bc)
        assert (kept.features_bmhw is None) == (other.recent[t].features_bmhw is None) == (30 - t > RECENT)
