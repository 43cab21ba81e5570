"""The matter alone: what a task of a farm loads to make mattes of trimaps."""

import subprocess
import sys
from dataclasses import replace

import torch
from small_model import SMALL, lively

from engine.weights.models import load_matter, load_model, save_model

_LOAD = """
import sys
from engine.weights.models import load_matter
load_matter("starter")
print([name for name in ("peft", "transformers") if name in sys.modules])
"""


def test_it_is_the_matter_of_the_whole_model():
    """Every tensor of the starter's matter is the one that the whole starter has, ready to matte."""
    alone, whole = load_matter("starter"), load_model("starter").matter
    assert not alone.training
    assert alone.state_dict().keys() == whole.state_dict().keys()
    for name, tensor in alone.state_dict().items():
        assert torch.equal(tensor, whole.state_dict()[name]), name
        assert not tensor.requires_grad


def test_a_file_without_a_matter_takes_the_one_that_ships(tmp_path):
    """Weights of a tracker alone, with no matter beside them, get the one that ships, as the whole model does."""
    path = tmp_path / "tracker.safetensors"
    save_model(lively(replace(SMALL, name="starter")), path, metadata={}, parts=("tracker",))
    whole = load_model(path, folder=tmp_path, exact=True).matter.state_dict()
    alone = load_matter(path, folder=tmp_path, exact=True).state_dict()
    shipped = load_matter("starter", exact=True).state_dict()
    assert all(
        torch.equal(alone[name], tensor) and torch.equal(whole[name], tensor) for name, tensor in shipped.items()
    )


def test_it_loads_no_library_of_adapters(repository):
    """Loading it brings in none of the libraries that only adapters need."""
    said = subprocess.run([sys.executable, "-c", _LOAD], cwd=repository, capture_output=True, text=True, check=True)
    assert said.stdout.splitlines()[-1] == "[]"
