"""The API as its own document describes it, and as a machine that must not break."""

import os
import subprocess
import sys
from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from running_engine import SIZE, files_at_rest, write_plate

from engine.contract.errors import EngineError
from engine.contract.shot import Point, ShotObject

_CHECKS = "not_a_server_error,status_code_conformance,response_schema_conformance,content_type_conformance"
EXAMPLES = os.environ.get("MAM2_TEST_EXAMPLES", "25")  # for each operation; more make a longer soak
FRAMES = st.integers(1, 5)


@pytest.mark.skipif(sys.platform == "win32", reason="schemathesis' program is only looked for on POSIX")
def test_the_api_is_as_its_document_says(client):
    """Requests made from the OpenAPI document, right and wrong ones, get documented answers and never a 5xx."""
    store = client.status()["store"]
    before = files_at_rest(store)
    program = Path(sys.executable).with_name("schemathesis")
    done = subprocess.run(
        [
            *(program, "run", f"{client.connection.url}/openapi.json", "--checks", _CHECKS, "--max-examples", EXAMPLES),
            *("--header", f"Authorization: Bearer {client.connection.token}", "--no-color", "--seed", "1"),
            *("--phases", "examples,coverage,fuzzing"),
        ],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},  # the program takes an encoding alone, without ":replace"
    )
    assert done.returncode == 0, done.stdout[-6000:]
    for shot in client.status()["shots"]:
        client.delete(shot)
    jobs = {f"jobs/{job['id']}.jsonl" for job in client.status()["jobs"]}
    assert files_at_rest(store) == before | jobs


def test_whatever_is_asked_in_whatever_order_the_shot_is_what_was_last_said(client, tmp_path):  # noqa: C901 - rules of one machine
    """Declaring, sending, prompting and deleting in any order leaves what a simple account of it says."""
    plate = write_plate(tmp_path, 1)

    class Host(RuleBasedStateMachine):
        """Two shots, and what they should hold."""

        def __init__(self):
            super().__init__()
            self.shots = {}

        @rule(shot=st.sampled_from("ab"), last=FRAMES)
        def declare(self, shot, last):
            """Declare or widen a shot."""
            client.declare(shot, 1, last, *SIZE)
            held = self.shots.get(shot, (0, set(), ()))
            self.shots[shot] = (last, held[1], ())

        @rule(shot=st.sampled_from("ab"), frame=FRAMES)
        def send(self, shot, frame):
            """Send a plate, which is refused outside the shot."""
            if shot in self.shots and frame <= self.shots[shot][0]:
                client.put_plate(shot, frame, plate)
                self.shots[shot][1].add(frame)
            else:
                with pytest.raises(EngineError):
                    client.put_plate(shot, frame, plate)

        @rule(shot=st.sampled_from("ab"), frame=FRAMES)
        def prompt(self, shot, frame):
            """Give one click, which is refused outside the shot."""
            objects = (ShotObject("cup", (Point(frame, 5.0, 5.0),)),)
            if shot in self.shots and frame <= self.shots[shot][0]:
                client.put_prompts(shot, objects)
                self.shots[shot] = (*self.shots[shot][:2], objects)
            else:
                with pytest.raises(EngineError):
                    client.put_prompts(shot, objects)

        @rule(shot=st.sampled_from("ab"))
        def delete(self, shot):
            """Remove a shot, which is refused when there is none."""
            if self.shots.pop(shot, None) is not None:
                client.delete(shot)
            else:
                with pytest.raises(EngineError):
                    client.delete(shot)

        @invariant()
        def the_engine_knows_what_was_said(self):
            """What the engine says of its shots is what was done to them."""
            assert client.status()["shots"] == sorted(self.shots)
            for shot, (last, plates, objects) in self.shots.items():
                found = client.shot(shot)
                assert found["range"] == [1, last]
                assert found["plates"] == sorted(plates)
                assert [one["name"] for one in found["objects"]] == [one.name for one in objects]

        def teardown(self):
            """Leave nothing to the next run."""
            for shot in self.shots:
                client.delete(shot)

    few = settings(max_examples=15, stateful_step_count=20, suppress_health_check=list(HealthCheck))
    run_state_machine_as_test(Host, settings=few)
