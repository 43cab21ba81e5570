"""A job's events as text."""

from hypothesis import given
from hypothesis import strategies as st

from engine.contract.events import JobEvent, event_to_lines, events_from_lines

_EVENTS = st.builds(
    JobEvent,
    st.integers(1, 10**6),
    st.sampled_from(["queued", "frame", "waiting", "done"]),
    st.fixed_dictionaries({}, optional={"frame": st.integers(), "error": st.text(max_size=20)}),
)


@given(st.lists(_EVENTS, max_size=5))
def test_events_survive_the_wire(events):
    """What was written is read again, past signs of life and half an event at the end."""
    text = ":\n\n".join(["", *map(event_to_lines, events), "id: 9\nevent: fra"])
    assert list(events_from_lines(text.split("\n"))) == events
