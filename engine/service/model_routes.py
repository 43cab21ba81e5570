"""What there is to matte with, for the menus of hosts and of the page."""

from fastapi import FastAPI

from engine.model.config import CONFIGS
from engine.service.engine import Engine
from engine.service.schemas import ModelInfo, Models
from engine.weights.automatic import AUTO, choose_model, is_ready, way_to_model


def add_models(app: FastAPI, engine: Engine) -> None:
    """Add the routes."""

    @app.get("/v1/models")
    def models() -> Models:
        """Say which models are ready, and what `auto` stands for on this engine's device."""
        choice = choose_model(AUTO, hardware=engine.hardware)
        rows = [
            ModelInfo(name=name, ready=is_ready(name), way="" if is_ready(name) else way_to_model(name))
            for name in CONFIGS
        ]
        return Models(auto=choice.model, told=choice.told, advice=choice.advice, models=rows)
