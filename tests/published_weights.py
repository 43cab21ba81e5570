"""Weights as others publish them, with seeded values: SAM 2.1 from its own configuration files, matters by key list."""

import json
from importlib.resources import files
from pathlib import Path

import hydra
import torch
from omegaconf import OmegaConf

from engine.weights.structure import _SkipInit

MATTER_DATA = Path(__file__).parent / "data" / "mematte"
SIZES = {"t": "tiny", "s": "small", "b+": "base_plus", "l": "large"}


def sam2_network(letter, *, valued=False):
    """Build SAM 2.1 as its package does from the configuration file; without `valued` the numbers are arbitrary."""
    config = OmegaConf.load(files("sam2").joinpath(f"configs/sam2.1/sam2.1_hiera_{letter}.yaml"))
    torch.manual_seed(21)
    if valued:
        return hydra.utils.instantiate(config.model, _recursive_=True).eval()
    with _SkipInit():
        return hydra.utils.instantiate(config.model, _recursive_=True).eval()


def values(shapes, seed=7):
    """Seeded tensors by name: small numbers, positive where a variance must be."""
    generator = torch.Generator().manual_seed(seed)
    state = {}
    for key, shape in shapes.items():
        drawn = 0.02 * torch.randn(shape, generator=generator)
        state[key] = torch.tensor(0) if key.endswith("num_batches_tracked") else drawn
        if key.endswith("running_var"):
            state[key] = 1 + drawn.abs()
    return state


def mematte_state():
    """An official MEMatte-S state."""
    return values({key: shape for key, shape, _ in json.loads((MATTER_DATA / "keys.json").read_text())["keys"]})


def vitmatte_rows():
    """Official name, transformers' name and shape of every ViTMatte-S tensor."""
    return json.loads((MATTER_DATA / "vitmatte_hf_keys.json").read_text())["keys"]


def vitmatte_state():
    """An official ViTMatte-S state."""
    return values({official: shape for official, _, shape in vitmatte_rows()})
