"""Frame numbers as people read them."""

from typing import Iterable, List


def spell(frames: Iterable[int], limit: int = 8) -> str:
    """Give frames as `1003-1005, 1010`; after `limit` groups, how many frames are left out."""
    groups: List[List[int]] = []
    for frame in sorted(set(frames)):
        if groups and frame == groups[-1][1] + 1:
            groups[-1][1] = frame
        else:
            groups.append([frame, frame])
    words = [str(first) if first == last else f"{first}-{last}" for first, last in groups[:limit]]
    left = sum(last - first + 1 for first, last in groups[limit:])
    return ", ".join(words) + (f" and {left} more" if left else "")


def count(frames: int) -> str:
    """Give `1 frame`, `2 frames`."""
    return f"{frames} frame{'' if frames == 1 else 's'}"
