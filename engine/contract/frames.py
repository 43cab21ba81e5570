"""Frame numbers as people read them."""

from typing import Iterable, List, Sequence


def spell(frames: Iterable[int], limit: int = 8) -> str:
    """Give frames as `1003-1005, 1010`; after `limit` groups, how many frames are left out."""
    groups: List[List[int]] = []
    for frame in sorted(set(frames)):
        if groups and frame == groups[-1][1] + 1:
            groups[-1][1] = frame
        else:
            groups.append([frame, frame])
    return spell_runs([range(first, last + 1) for first, last in groups], limit)


def spell_runs(runs: Sequence[range], limit: int = 8) -> str:
    """Give runs of frames, ascending and apart, as `spell` does, however long they are."""
    words = [str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs[:limit]]
    left = sum(len(run) for run in runs[limit:])
    return ", ".join(words) + (f" and {left} more" if left else "")


def count(frames: int) -> str:
    """Give `1 frame`, `2 frames`."""
    return f"{frames} frame{'' if frames == 1 else 's'}"
