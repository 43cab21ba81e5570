"""Which devices the engine works on, and what becomes of its jobs when one cannot be used."""

import sys
import time

import pytest
from running_engine import declare, write_plate

from engine.contract.errors import EngineError
from engine.service import devices
from engine.service.devices import Device, find_devices
from engine.service.store import Store
from engine.service.workers import Workers

CARDS = [
    {"name": "cuda:0", "label": "RTX A6000", "uuid": "aaaa", "processors": 84, "problem": ""},
    {"name": "cuda:1", "label": "Quadro P400", "uuid": "bbbb", "processors": 2, "problem": ""},
]
DRIVER = """
class NVMLError(Exception): pass
def nvmlInit(): pass
def nvmlDeviceGetCount(): return 2
"""


@pytest.fixture
def torch_says(monkeypatch):
    """Have PyTorch's process say so, on a machine with a driver."""

    def say(cards, **more):
        monkeypatch.setattr(devices, "_may_have_gpus", lambda: True)
        monkeypatch.setattr(devices, "_ask", lambda: {"devices": cards, "problem": "", "hip": "", **more})
        monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)

    return say


def test_every_gpu_gets_a_worker_that_sees_it_alone(torch_says):
    """Of two GPUs each worker's process sees one, by the name that is the same for driver and CUDA."""
    torch_says(CARDS)
    found = find_devices("auto")
    assert [(one.name, one.within, dict(one.alone)) for one in found] == [
        ("cuda:0", "cuda:0", {"CUDA_VISIBLE_DEVICES": "GPU-aaaa"}),
        ("cuda:1", "cuda:0", {"CUDA_VISIBLE_DEVICES": "GPU-bbbb"}),
    ]


def test_what_somebody_made_visible_stays_so(torch_says, monkeypatch):
    """Where CUDA_VISIBLE_DEVICES is set, a worker's device is one of those that it names, as it names it."""
    torch_says(CARDS)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "MIG-7,3")
    assert [one.alone["CUDA_VISIBLE_DEVICES"] for one in find_devices("auto")] == ["MIG-7", "3"]


def test_named_devices_are_those(torch_says):
    """Named devices are used as named, a GPU alone in its process, whatever else is there."""
    torch_says(CARDS)
    one, other = find_devices("cuda:1, cpu")
    assert (one.name, one.within, one.uuid) == ("cuda:1", "cuda:0", "bbbb")
    assert (other.name, other.within, dict(other.alone)) == ("cpu", "", {})


@pytest.mark.parametrize(
    ("cards", "problem", "reason"),
    [
        ([], "The NVIDIA driver on your system is too old (found version 11040).", "too old"),
        ([{**CARDS[0], "problem": "CUDA error: no kernel image is available for execution"}], "", "no kernel image"),
        ([], "", "it sees none"),
    ],
)
def test_a_gpu_that_torch_cannot_use_means_the_cpu(torch_says, cards, problem, reason):
    """A driver too old, a build without its kernels, devices hidden: the CPU computes, and a note says why."""
    torch_says(cards, problem=problem)
    (found,) = find_devices("auto")
    assert found.name == "cpu"
    assert reason in found.note
    assert "mam2 doctor" in found.note


def test_shots_go_to_the_gpu_that_is_done_first(torch_says, tmp_path, monkeypatch):
    """A GPU with forty times the processors gets shots until its queue is as long; a full one gets none meanwhile."""
    torch_says(CARDS)
    fast, slow = find_devices("auto")
    monkeypatch.setattr("engine.service.workers.memory_of", lambda _: (0, 24 << 30))
    workers = Workers([slow, fast], Store(tmp_path / "store"), 1, 1.0, print)
    fast.jobs.update(dict.fromkeys("abcdefgh"))
    assert workers._freest().device is fast
    monkeypatch.setattr("engine.service.workers.memory_of", lambda device: ((device is fast) * (22 << 30), 24 << 30))
    assert workers._freest().device is slow


def test_a_machine_whose_gpu_torch_cannot_use_mattes_on_the_cpu(make_engine, tmp_path):
    """With NVIDIA's driver there and CUDA unusable, an engine mattes on the CPU, starts one worker, and says why."""
    (tmp_path / "driver").mkdir()
    (tmp_path / "driver" / "pynvml.py").write_text(DRIVER)
    client = make_engine(
        MAM2_DEVICES="auto", PYTHONPATH=str(tmp_path / "driver"), CUDA_VISIBLE_DEVICES="-1", MAM2_PREPARE="0"
    ).start(seconds=120.0)  # PyTorch is asked first
    declare(client, frames=1)
    client.put_plate("sh", 1001, write_plate(tmp_path, 1001))
    assert client.wait(client.preview("sh", 1001)).kind == "done"
    (device,) = client.status()["devices"]
    assert (device["name"], device["deaths"]) == ("cpu", 0)
    assert "PyTorch cannot use the GPU" in device["note"]


def test_a_worker_that_cannot_open_its_device_says_so_once(make_engine, tmp_path):
    """A job on a GPU that is not there fails at once with the reason, and no process is started again and again."""
    if "torch" in sys.modules and sys.modules["torch"].cuda.is_available():
        pytest.skip("a GPU is there")
    client = make_engine(MAM2_DEVICES="cuda:7", MAM2_PREPARE="0").start(seconds=120.0)
    declare(client, frames=1)
    client.put_plate("sh", 1001, write_plate(tmp_path, 1001))
    began = time.monotonic()
    with pytest.raises(EngineError) as failed:
        client.wait(client.preview("sh", 1001))
    assert failed.value.code == "model.device"
    assert time.monotonic() - began < 60
    (device,) = client.status()["devices"]
    assert device["deaths"] == 0
    assert device["note"] == failed.value.message


def test_a_device_of_one_kind_is_not_asked_for(monkeypatch):
    """Where no GPU is named, and no driver says that one is there, PyTorch is not asked: that takes seconds."""
    monkeypatch.setattr(devices, "_ask", lambda: pytest.fail("asked"))
    monkeypatch.setattr(devices, "_may_have_gpus", lambda: False)
    assert find_devices("auto") == [Device("auto")]
    assert find_devices("cpu,mps") == [Device("cpu"), Device("mps")]
