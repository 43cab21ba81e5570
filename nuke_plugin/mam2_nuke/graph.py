"""Walking through Nuke's graph."""

from collections.abc import Iterable
from typing import Any, Callable


def walk(start: Any, following: Callable[[Any], Iterable[Any]]) -> list[Any]:
    """Give a node and all that follow from it, each once, depth first, in an order that is always the same.

    Args:
        start: the first node.
        following: gives the nodes that follow from one; the last of them is gone to first.
    """
    order: list[Any] = []
    seen: set[str] = set()
    waiting = [start]
    while waiting:
        node = waiting.pop()
        name = node.fullName()
        if name not in seen:
            seen.add(name)
            order.append(node)
            waiting += following(node)
    return order
