"""What a TD may set, by environment variables `MAM2_...`; nothing has to be."""

from pathlib import Path

import platformdirs
from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

_GIB = 1 << 30


class ServiceSettings(BaseSettings):
    """Settings of the service, each from the environment variable of its name with `MAM2_` before it."""

    model_config = SettingsConfigDict(env_prefix="MAM2_", extra="ignore")

    store: Path = Field(
        default_factory=lambda: platformdirs.user_data_path("mam2", appauthor=False) / "store",
        description="Folder for plates, prompts and mattes, and for what a worker keeps of shots while it lives.",
    )
    store_bytes: int = Field(
        default=100 * _GIB, ge=1 << 20, description="Most bytes of shots in the store; the oldest make room."
    )
    plate_bytes: int = Field(default=_GIB, ge=1 << 10, description="Most bytes of one plate.")
    devices: str = Field(
        default="auto", description="Devices to use, with commas between them: auto, cpu, cuda:0, mps."
    )
    model_bytes: int = Field(default=16 * _GIB, ge=1, description="Most bytes that loaded models take on one device.")
    plate_timeout: float = Field(default=120.0, gt=0, description="Seconds that a job waits for its next plate.")
    prepare: bool = Field(
        default=True,
        description="Start computing processes, and load the models of declared shots, before a job asks for them.",
    )
    idle_rest: float = Field(
        default=300.0, gt=0, description="Seconds without work after which a worker gives back memory it does not need."
    )
    worker_timeout: float = Field(
        default=1800.0, gt=0, description="Seconds at one frame after which a worker counts as hung and is replaced."
    )
    idle_exit: float = Field(
        default=1800.0, gt=0, description="Seconds without a request or job after which the engine ends."
    )
