"""A benchmark of natural objects whose alpha is known exactly, made by code that training never runs."""

from engine.clips.novm_p.benchmark import NovmP

__all__ = ["NovmP"]
