"""The job template: what the specification's own model says of it, and that its chunks cover the shot."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openjd.model import StepDependencyGraph, StepParameterSpaceIterator, create_job, decode_job_template
from openjd.model._types import ParameterValue, ParameterValueType

from engine.cli.matte.options import read_frames
from engine.contract.held import HeldMask
from engine.contract.shot import Shot, ShotObject
from engine.farm.bundle import parameter_values, template

_KINDS = {"PATH": ParameterValueType.PATH, "STRING": ParameterValueType.STRING, "INT": ParameterValueType.INT}


def _created(job, **values):
    """The job as a scheduler makes it of template and values."""
    decoded = decode_job_template(template=template(job), supported_extensions=[])
    known = {one.name: one for one in decoded.parameterDefinitions}
    given = {name: one.default for name, one in known.items() if one.default is not None}
    given |= parameter_values(job) | values
    parameters = {
        name: ParameterValue(type=_KINDS[known[name].type.value], value=str(value)) for name, value in given.items()
    }
    return create_job(job_template=decoded, job_parameter_values=parameters)


def _arguments(job, step):
    made = next(one for one in template(job)["steps"] if one["name"] == step)
    return made["script"]["actions"]["onRun"]["args"]


def test_the_template_is_valid_without_any_extension(farm_job):
    """Plain Open Job Description 2023-09: tracking first, then mattes, then the check."""
    graph = StepDependencyGraph(job=_created(farm_job()))
    assert [step.name for step in graph.topo_sorted()] == ["Track", "Matte", "Check"]


def test_masks_need_no_tracking(farm_job):
    """Where every object comes with masks, chunks go the whole way at once and the check follows."""
    masked = ShotObject("disc", (), (HeldMask("mask", "roto.####.exr"),))
    job = farm_job(shot=Shot(1001, 1020, 96, 64, (masked,)))
    graph = StepDependencyGraph(job=_created(job))
    assert [step.name for step in graph.topo_sorted()] == ["Matte", "Check"]
    assert not any(word.startswith("--stage") for word in _arguments(job, "Matte"))
    assert "--stage=check" in _arguments(job, "Check")


@settings(max_examples=60)
@given(first=st.integers(0, 5000), count=st.integers(1, 300), chunk=st.integers(1, 400))
def test_chunks_cover_every_frame_once(farm_job, first, count, chunk):
    """Whatever range and chunk size, the tasks' `--frames` together are the shot's frames, each once."""
    last = first + count - 1
    job = farm_job(frames=(first, last), chunk=chunk)
    step = next(step for step in _created(job).steps if step.name == "Matte")
    written = next(word for word in _arguments(job, "Matte") if word.startswith("--frames="))
    covered = []
    for task in StepParameterSpaceIterator(space=step.parameterSpace):
        words = written.replace("{{Task.Param.Frame}}", task["Frame"].value)
        begin, end = read_frames(words.replace("{{Param.ChunkSize}}", str(chunk)).removeprefix("--frames="))
        covered += [frame for frame in range(begin, end + 1) if frame <= last]
    assert covered == list(range(first, last + 1))


def test_a_chunk_size_can_be_changed_at_submission(farm_job):
    """Range and chunks follow the job's parameters, which a submitter's window shows."""
    step = next(step for step in _created(farm_job(), ChunkSize=7).steps if step.name == "Matte")
    assert [task["Frame"].value for task in StepParameterSpaceIterator(space=step.parameterSpace)] == [
        "1001",
        "1008",
        "1015",
    ]


@pytest.mark.parametrize(
    ("devices", "asking"),
    [(("auto", "auto"), ["Track", "Matte"]), (("cuda", "cpu"), ["Track"]), (("cpu", "cpu"), [])],
)
def test_gpu_hosts_are_asked_for_where_a_gpu_is_used(farm_job, devices, asking):
    """Steps that compute on a GPU ask for hosts with one, of enough memory; the check needs none."""
    steps = _created(farm_job(device=devices[0], matte_device=devices[1], gpu_memory=8000)).steps
    wanted = {step.name: step.hostRequirements.amounts for step in steps if step.hostRequirements}
    assert list(wanted) == asking
    for amounts in wanted.values():
        assert [(one.name, int(one.min)) for one in amounts] == [
            ("amount.worker.gpu", 1),
            ("amount.worker.gpu.memory", 8000),
        ]


def test_every_step_keeps_what_is_done(farm_job):
    """Any step may run again at any time: each resumes."""
    for step in ("Track", "Matte", "Check"):
        assert "--resume" in _arguments(farm_job(), step)


def test_all_steps_agree_on_what_a_signature_covers(farm_job):
    """Plates, prompts, model, layers, names and folder are the same words in every step."""
    job = farm_job(plate_layer="left", layers=("alpha", "mask"), format="png16")
    own = ("--device", "--stage", "--frames")
    shared = [
        [word for word in _arguments(job, step) if not word.startswith(own)] for step in ("Track", "Matte", "Check")
    ]
    assert shared[0] == shared[1] == shared[2]
    assert {"--layers=alpha,mask", "--format=png16", "--plate-layer=left"} <= set(shared[0])
