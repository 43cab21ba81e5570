"""MAM2 for compositors: the engine. Importing it imports nothing else."""

__version__ = "0.1.0"
