from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.contract.plan import dirty_frames, plan_object, plan_shot, visits
from engine.contract.shot import Box, Point, Settings, Shot, ShotObject
from engine.session.memory import select

FIRST = 1001


def point(frame, *, positive=True, x=5.0):
    """Give a point."""
    return Point(frame, x, 5.0, positive)


def box(frame):
    """Give a box."""
    return Box(frame, 1, 1, 9, 9)


@st.composite
def things(draw, names, last):
    """One to three objects with prompts of every kind, a positive one first."""
    chosen = draw(st.lists(st.sampled_from(names), min_size=1, max_size=3, unique=True))
    return tuple(ShotObject(name, draw(prompts_within(last))) for name in chosen)


@st.composite
def prompts_within(draw, last):
    """Prompts on one to four frames, of every kind."""
    frames = draw(st.lists(st.integers(FIRST, last), min_size=1, max_size=4, unique=True))
    kinds = [draw(st.sampled_from(["point", "other point", "negative", "box", "box and point"])) for _ in frames]
    made = {
        "point": lambda frame: [point(frame)],
        "other point": lambda frame: [point(frame, x=7.0)],
        "negative": lambda frame: [point(frame, positive=frame == min(frames))],
        "box": lambda frame: [box(frame)],
        "box and point": lambda frame: [box(frame), point(frame)],
    }
    return tuple(prompt for frame, kind in zip(frames, kinds, strict=True) for prompt in made[kind](frame))


@st.composite
def shots(draw):
    """Shots of up to 41 frames with every setting."""
    last = FIRST + draw(st.integers(0, 40))
    chosen = Settings(
        direction=draw(st.sampled_from(["forward", "backward", "both"])),
        corrections=draw(st.sampled_from(["refine", "independent"])),
    )
    return Shot(FIRST, last, 10, 10, draw(things(["a", "b", "c"], last)), chosen)


@st.composite
def edits(draw):
    """A shot and the same shot with other objects or prompts."""
    shot = draw(shots())
    later = draw(things(["a", "b", "c"], shot.last))
    kept = {thing.name: thing for thing in shot.objects if draw(st.booleans())}
    return shot, shot.with_objects(tuple(kept.get(thing.name, thing) for thing in later))


class Tracker:
    """Tracks by the plan without a model: what it finds on a frame tells all that went into it."""

    def __init__(self):
        self.found = {}
        self.tracked = Counter()
        self.delivered = []

    def run(self, shot):
        """Do what is left to do."""
        courses = plan_shot(shot)
        done = set(self.delivered)
        for visit in visits(courses, lambda name, frame: (name, frame) in self.found, done.__contains__):
            for name in visit.objects:
                if (name, visit.frame) not in self.found:
                    self.track(shot, courses[name], name, visit.frame, backward=visit.backward)
            if visit.deliver:
                reached = [name for name, course in courses.items() if visit.frame in course.frames]
                assert reached
                assert all((name, visit.frame) in self.found for name in reached), "delivered before it is complete"
                self.delivered.append(visit.frame)
        return self

    def track(self, shot, course, name, frame, *, backward):
        """Track one object on one frame."""
        said = next(thing for thing in shot.objects if thing.name == name).on(frame)
        recalled = ()
        if frame not in course.independent:
            references = course.references(frame, backward=backward)
            chosen = select(frame, references, course.sweep(backward=backward), backward=backward)
            for t in {*chosen.prompted, *chosen.recent} & set(course.independent):
                if (name, t) not in self.found:
                    self.track(shot, course, name, t, backward=backward)
            recalled = tuple(
                tuple((t, self.found[name, t]) for t in frames) for frames in (chosen.prompted, chosen.recent)
            )
        self.found[name, frame] = hash((said, recalled))
        self.tracked[name, frame] += 1

    def edit(self, old, new):
        """Forget what the edit dirties; give the dirty frames."""
        was, now = ({thing.name: thing for thing in shot.objects} for shot in (old, new))
        dirty = set()
        for name in {*was, *now}:
            frames = dirty_frames(was.get(name), now.get(name), new)
            for frame in frames:
                self.found.pop((name, frame), None)
            dirty |= frames
        self.delivered = [frame for frame in self.delivered if frame not in dirty]
        return dirty


def reach(shot):
    """Give every object and frame that tracking reaches."""
    return {(name, frame) for name, course in plan_shot(shot).items() for frame in course.frames}


@settings(max_examples=60)
@given(shots())
def test_every_reachable_frame_is_tracked_and_delivered_once(shot):
    """Each object is tracked once on each frame that it reaches, each such frame is delivered once, nothing else is."""
    done = Tracker().run(shot)
    assert done.tracked == Counter(reach(shot))
    assert Counter(done.delivered) == Counter({frame for _, frame in reach(shot)})


@settings(max_examples=60)
@given(shots())
def test_direction_decides_what_is_reached(shot):
    """Forward reaches from the anchor on, backward up to it, both everything."""
    for thing in shot.objects:
        course = plan_object(thing, shot)
        expected = {
            "forward": set(range(course.anchor, shot.last + 1)),
            "backward": set(range(shot.first, course.anchor + 1)),
            "both": set(shot.frames),
        }[shot.settings.direction]
        assert course.frames == expected
        assert course.anchor in course.independent
        assert not set(course.independent) & set(course.corrections)


@settings(max_examples=150)
@given(edits())
def test_an_edit_leaves_what_a_fresh_track_would_find(case):
    """Tracking only what an edit dirties gives, on every frame, what tracking everything anew would give."""
    old, new = case
    tracker = Tracker().run(old)
    before = dict(tracker.found)
    dirty = tracker.edit(old, new)
    earlier = list(tracker.delivered)
    tracker.tracked.clear()
    tracker.run(new)
    fresh = Tracker().run(new)
    assert {key: tracker.found[key] for key in reach(new)} == fresh.found
    assert set(tracker.delivered[len(earlier) :]) == dirty & {frame for _, frame in reach(new)}
    assert {frame for _, frame in tracker.tracked} <= dirty
    changed = {key[1] for key in before.keys() | fresh.found.keys() if before.get(key) != fresh.found.get(key)}
    assert changed <= dirty


@settings(max_examples=50)
@given(edits(), st.data())
def test_a_track_that_was_stopped_goes_on(case, data):
    """Stopped anywhere, edited and started again, tracking finds what a fresh track would."""
    old, new = case
    tracker = Tracker()
    plan = visits(plan_shot(old), lambda *_: False, lambda _: False)
    stop = data.draw(st.integers(0, len(plan)))
    for visit in plan[:stop]:
        for name in visit.objects:
            if (name, visit.frame) not in tracker.found:
                course = plan_shot(old)[name]
                tracker.track(old, course, name, visit.frame, backward=visit.backward)
        if visit.deliver:
            tracker.delivered.append(visit.frame)
    tracker.edit(old, new)
    tracker.run(new)
    assert {key: tracker.found[key] for key in reach(new)} == Tracker().run(new).found
    assert Counter(tracker.delivered) >= Counter({frame for _, frame in reach(new)})


def test_a_correction_dirties_one_side():
    """A click on a later frame dirties that frame and those tracked after it, in the direction of its sweep."""
    for direction, anchor, expected in (("forward", 1, range(60, 101)), ("backward", 100, range(1, 61))):
        shot = Shot(1, 100, 10, 10, (ShotObject("a", (point(anchor),)),), Settings(direction=direction))
        later = ShotObject("a", (point(anchor), point(60)))
        assert dirty_frames(shot.objects[0], later, shot) == set(expected)
        assert dirty_frames(later, shot.objects[0], shot) == set(expected)


def test_a_box_on_a_later_frame_dirties_all():
    """A second independent prompt serves every frame of the object, so every frame is tracked anew."""
    shot = Shot(1, 100, 10, 10, (ShotObject("a", (point(1),)),))
    assert dirty_frames(shot.objects[0], ShotObject("a", (point(1), box(60))), shot) == set(range(1, 101))


def test_an_unchanged_object_is_clean():
    """Declaring the same prompts again dirties nothing, in whatever order frames were prompted."""
    shot = Shot(1, 9, 10, 10, (ShotObject("a", (point(1), point(5))),))
    assert not dirty_frames(shot.objects[0], ShotObject("a", (point(5), point(1))), shot)


def test_objects_share_a_visit():
    """Objects with different first frames go through a frame on one visit a sweep, completed on the last one."""
    shot = Shot(1, 6, 10, 10, (ShotObject("a", (point(2),)), ShotObject("b", (point(4),))))
    plan = visits(plan_shot(shot), lambda *_: False, lambda _: False)
    assert [(visit.frame, visit.objects, visit.deliver) for visit in plan] == [
        (2, ("a",), False),
        (3, ("a",), False),
        (4, ("a", "b"), True),
        (5, ("a", "b"), True),
        (6, ("a", "b"), True),
        (3, ("b",), True),
        (2, ("b",), True),
        (1, ("a", "b"), True),
    ]


def test_a_negative_click_never_starts_an_object():
    """Tracked backward, an object starts on the last frame that says what it is."""
    thing = ShotObject("a", (point(3), point(7, positive=False)))
    shot = Shot(1, 9, 10, 10, (thing,), Settings(direction="backward", corrections="independent"))
    assert plan_object(thing, shot).anchor == 3
