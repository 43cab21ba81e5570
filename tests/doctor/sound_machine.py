"""What PyTorch and the driver say where nothing is wrong."""

from engine.doctor.facts import Device, Driver, Torch

GB = 10**9
CARD = "NVIDIA RTX A5000"
SOUND_TORCH = Torch(
    "2.15.0+cu132",
    cuda="13.2",
    architectures=("sm_80", "sm_86", "sm_90", "sm_120", "compute_120"),
    devices=(Device("cuda:0", CARD, "sm_86", 24 * GB, 22 * GB),),
)
SOUND_DRIVER = Driver("590.44.01", (13, 2), (CARD,), hardware=True)
