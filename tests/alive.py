"""How much of what was made is still there, told without a look for cycles of references."""

import gc
import weakref
from contextlib import contextmanager


class Alive:
    """Notes what functions give, and counts what of it is alive."""

    def __init__(self):
        self._made = []

    def __call__(self):
        """Give how many are alive."""
        return sum(one() is not None for one in self._made)

    def noting(self, call):
        """Give a function in the place of another; what it gives is noted."""

        def noted(*arguments):
            found = call(*arguments)
            self._made.append(weakref.ref(found))
            return found

        return noted


@contextmanager
def alive():
    """Give a counter; meanwhile Python does not look for cycles, so that what only it could free counts as alive."""
    gc.disable()
    try:
        yield Alive()
    finally:
        gc.enable()
