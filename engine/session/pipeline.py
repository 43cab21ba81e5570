"""The pipeline of a shot's frames: read -> encode -> track -> matte -> write, each station at another frame.

| station | where it works | how far |
|---|---|---|
| read | a thread of its own | a frame ahead |
| encode | a thread of its own, where frames are matted side by side; else as part of tracking | a frame ahead |
| track | the caller's thread: the only station that needs the frames before | frame after frame |
| matte | a thread a frame, or the caller's with all of its threads | `width` frames at once |
| record | a thread of its own | done when the frame's matte is |
| write | a thread of its own | a frame behind |

**Order.** Results come in the order of the frames.
**Stopping.** Whoever takes results may stop between any two; what is under way is waited for, and no more is begun.
**Errors.** What goes wrong with a frame is raised in its turn, behind the results of the frames before. A plate that
could not be read ahead is read again then, since it may have come meanwhile; what else failed ahead is told.
**Memory.** No station takes a frame before the next has room, so that a long shot holds no more than a short one.
"""

from collections import deque
from collections.abc import Callable, Hashable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import partial
from itertools import pairwise, zip_longest
from types import TracebackType
from typing import Generic, Protocol, TypeVar

from engine.contract.plan import Visit
from engine.model.ready.memory import keep_freed_memory

T = TypeVar("T")
Pixels = TypeVar("Pixels")
Plate = TypeVar("Plate")
Features = TypeVar("Features")
_HELD = 128 << 20
"""Bytes of the largest frame's alphas that are written while the next frame is made."""
Later = Callable[[Callable[[], object]], "Future[object]"]
"""Has something done, now or beside what follows, and gives where its end can be waited for."""


class Kept(Protocol[Features]):
    """What has been encoded before."""

    def get(self, frame: int, compute: Callable[[], Features], later: Later) -> Features:
        """Give a frame's features, computing and keeping them where they are not kept."""

    def has(self, frame: int) -> bool:
        """Tell whether a frame's features are kept."""


class Lane(Generic[T]):
    """Work under way, by key: begun by one thread, done in others, taken by the first; each computes on one thread.

    Args:
        name: of its threads.
        again: what failed ahead is done once more when it is taken, instead of raising what it raised.
    """

    def __init__(self, name: str, *, again: bool = False) -> None:
        self._name, self._again = name, again
        self._pool: ThreadPoolExecutor | None = None
        self._under_way: dict[Hashable, Future[T]] = {}

    def __contains__(self, key: Hashable) -> bool:
        return key in self._under_way

    def begin(self, key: Hashable, work: Callable[[], T]) -> None:
        """Begin some work, unless it is under way.

        Of other work that was begun and never taken, only the latest stays.
        """
        if key in self._under_way:
            return
        for forgotten in list(self._under_way)[:-1]:
            self._under_way.pop(forgotten).cancel()
        if self._pool is None:
            self._pool = ThreadPoolExecutor(1, self._name, initializer=use_threads, initargs=(1,))
        self._under_way[key] = self._pool.submit(work)

    def take(self, key: Hashable, work: Callable[[], T]) -> T:
        """Wait for what was begun, or for all of the work where it was not; raises what it raises."""
        ahead = key in self._under_way
        self.begin(key, work)
        found = self._under_way.pop(key)
        if ahead and self._again and found.exception() is not None:
            return self.take(key, work)
        return found.result()

    def rest(self) -> None:
        """Forget what is under way, and end the threads."""
        self._under_way.clear()
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
            self._pool = None


class Pipeline(Generic[Pixels, Plate, Features]):
    """The stations of one shot up to its mattes; one thread uses it.

    Args:
        read: gives a frame's pixels; a thread of its own calls it, one frame at a time.
        load: makes a plate of them, on the model's device; devices hear of one thread alone.
        encode: gives a plate's features.
        kept: the features that are there already.
    """

    def __init__(
        self,
        read: Callable[[int], Pixels],
        load: Callable[[Pixels], Plate],
        encode: Callable[[Plate], Features],
        kept: Kept[Features],
    ) -> None:
        self._read, self._load, self._encode, self._kept = read, load, encode, kept
        self._reads: Lane[Pixels] = Lane("mam2-plates", again=True)
        self._encodes: Lane[Features] = Lane("mam2-encoder")
        self._record = Behind("mam2-record", most=None)
        self._held: dict[int, Plate] = {}
        self._next: dict[int, int] = {}

    def run(self, course: Sequence[Visit], step: Callable[[Visit], Callable[[], T] | None], width: int) -> Iterator[T]:
        """Take a course through the stations, and give what is made of its frames.

        Args:
            course: the visits, in their order.
            step: tracks a visit and gives what is left to do of its frame; None where that is nothing.
            width: frames matted at once; 1: each in the caller's thread, on all of its threads.
        """
        self._next = dict(pairwise(dict.fromkeys(visit.frame for visit in course)))

        def jobs() -> Iterator[Callable[[], T] | None]:
            for visit, following in zip_longest(course, course[1:]):
                if width > 1:
                    self._encode_ahead(visit, following)
                left = step(visit)
                written = self._record.begun()
                if left is None:
                    _wait(written)
                yield left and partial(_after, left, written)

        try:
            yield from in_order(jobs(), width)
        except BaseException:
            for left in self._record.begun():  # what failed of them is no fault of the next run
                left.exception()
            raise

    def plate(self, frame: int, *, beside: int | None = None) -> Plate:
        """Give a plate, and hold it ready while the next one is read; of those held before only `beside` stays."""
        if frame not in self._held:
            self._held = {held: plate for held, plate in self._held.items() if held == beside}
            self._held[frame] = self._load(self._reads.take(frame, partial(self._read, frame)))
            following = self._next.get(frame)
            if following is not None and following not in self._held:
                self._reads.begin(following, partial(self._read, following))
        return self._held[frame]

    def features(self, frame: int) -> Features:
        """Give a frame's features: kept, encoded ahead, or encoded now."""

        def compute() -> Features:
            if frame in self._encodes:
                return self._encodes.take(frame, partial(self._encode, self.plate(frame)))
            return self._encode(self.plate(frame))

        return self._kept.get(frame, compute, self.later)

    def later(self, work: Callable[[], object]) -> "Future[object]":
        """Have something recorded beside what follows: the frame that is tracked now is not done before it is."""
        return self._record.put(work)

    def settle(self) -> None:
        """Wait until all is recorded.

        Raises:
            OutputError: something could not be.
        """
        _wait(self._record.begun())

    def rest(self) -> None:
        """Let go of what is held ready and what is under way; the next frame that needs it gets the same anew."""
        self._reads.rest()
        self._encodes.rest()
        self._record.rest()
        self._held.clear()

    def _encode_ahead(self, visit: Visit, following: Visit | None) -> None:
        """Have a frame's plate encoded, and the next one's while the frame is tracked."""
        self._begin_encoding(visit, beside=visit.frame)
        if following:
            with suppress(Exception):  # what is wrong with that plate, or that it is awaited, is told in its turn
                self._begin_encoding(following, beside=visit.frame)

    def _begin_encoding(self, visit: Visit, *, beside: int) -> None:
        if visit.objects and not self._kept.has(visit.frame):
            self._encodes.begin(visit.frame, partial(self._encode, self.plate(visit.frame, beside=beside)))


class Behind:
    """Writing beside what follows, in one thread and in the order given. A context manager.

    Leaving it waits for what is under way, also after an error, so that nothing is left half-written.

    Args:
        name: of its thread.
        most: how many may be under way; one more waits for the oldest, and hears what went wrong with it. 0: each is
            done at once. None: any number, for whoever waits for each himself.
    """

    def __init__(self, name: str = "mam2-mattes", *, most: int | None = 1) -> None:
        self._name, self._most = name, most
        self._pool: ThreadPoolExecutor | None = None
        self._under_way: deque[Future[object]] = deque()

    def __enter__(self) -> "Behind":  # noqa: PYI034 - Self came with Python 3.11
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.settle()
        except Exception:
            if error is None:  # the first thing that went wrong is what the artist should hear of
                raise
        finally:
            self.rest()

    def put(self, work: Callable[[], object]) -> "Future[object]":
        """Have something done; raises what went wrong with what makes room for it."""
        if self._most == 0:
            return now(work)
        while self._most is not None and len(self._under_way) >= self._most:
            self._under_way.popleft().result()
        if self._pool is None:
            self._pool = ThreadPoolExecutor(1, self._name)
        future = self._pool.submit(work)
        self._under_way.append(future)
        return future

    def begun(self) -> "list[Future[object]]":
        """Give what was put since this was asked last; from now on it is the caller's to wait for."""
        begun = list(self._under_way)
        self._under_way.clear()
        return begun

    def settle(self) -> None:
        """Wait until all is done; raises what went wrong."""
        _wait(self.begun())

    def rest(self) -> None:
        """Wait until all is done, whatever became of it, and end the thread."""
        self._under_way.clear()
        if self._pool is not None:
            self._pool.shutdown()
            self._pool = None


def frames_behind(width: int, height: int, objects: int) -> int:
    """Give how many frames of so many pixels and objects may wait to be written, for memory's sake: 0 or 1."""
    return int(4 * width * height * objects <= _HELD)


def read_ahead(frames: Sequence[int], read: Callable[[int], T]) -> Iterator[tuple[int, T]]:
    """Give the plate of frame after frame, and read the next one meanwhile; what goes wrong is raised in its turn."""
    lane: Lane[T] = Lane("mam2-plates", again=True)
    try:
        for frame, following in zip_longest(frames, frames[1:]):
            plate = lane.take(frame, partial(read, frame))
            if following is not None:
                lane.begin(following, partial(read, following))
            yield frame, plate
    finally:
        lane.rest()


def now(work: Callable[[], object]) -> "Future[object]":
    """Do something at once; where a `Later` is asked for."""
    done: Future[object] = Future()
    done.set_result(work())
    return done


def in_order(jobs: Iterator[Callable[[], T] | None], width: int) -> Iterator[T]:
    """Do jobs side by side, one thread each, and give what they give in the order of the jobs.

    What `jobs` does itself happens in the caller's thread. Where it raises, the results of the jobs before come first.

    Args:
        jobs: gives the jobs; None where there is nothing to do, so that results need not wait for the next job.
        width: how many at once; 1: each in the caller's thread, on all of its threads.
    """
    if width == 1:
        yield from (job() for job in jobs if job)
        return
    import torch  # noqa: PLC0415 - who only writes behind needs none of it

    under_way: deque[Future[T] | None] = deque()
    problem = None
    left = max(1, torch.get_num_threads() - width)
    keep_freed_memory(shared=True)
    pool = ThreadPoolExecutor(width, "mam2-frames", initializer=use_threads, initargs=(1,))
    try:
        while True:
            try:
                with _threads(left):
                    job = next(jobs)
            except StopIteration:
                break
            except Exception as raised:  # noqa: BLE001 - raised below, once the results before it are out
                problem = raised
                break
            under_way.append(pool.submit(job) if job else None)
            if len(under_way) > width and (first := under_way.popleft()):
                yield first.result()
        yield from (future.result() for future in under_way if future)
    finally:
        pool.shutdown(cancel_futures=True)
        keep_freed_memory()
    if problem:
        raise problem


def use_threads(count: int) -> None:
    """Have the thread that calls this compute on so many."""
    import torch  # noqa: PLC0415 - as above

    # A thread of its own takes over the process's number when it first needs one, and would do so after this.
    torch.get_num_threads()
    torch.set_num_threads(count)


@contextmanager
def _threads(count: int) -> Iterator[None]:
    import torch  # noqa: PLC0415 - as above

    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _after(job: Callable[[], T], written: "list[Future[object]]") -> T:
    """Do what is left of a frame: it is done once what was found of it is recorded."""
    result = job()
    _wait(written)
    return result


def _wait(futures: "list[Future[object]]") -> None:
    for future in futures:
        future.result()
