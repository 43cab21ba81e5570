"""The recorded hashes: what the benchmark's pixels were when it was published."""

from __future__ import annotations

VERSIONS: dict[str, str] = {}
"""By size: the SHA-256 of the whole benchmark."""
