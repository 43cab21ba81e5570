"""Bodies that are not JSON alone, as the OpenAPI document shows them."""

from typing import Any

from engine.contract.events import JobEvent, event_to_lines
from engine.service.schemas import HandOverBody

_BINARY = {"schema": {"type": "string", "format": "binary"}}
_IMAGES = ("image/x-exr", "image/png", "image/jpeg", "image/tiff", "image/x-dpx")

_HAND_OVER = HandOverBody.model_json_schema()
_TOLD = (
    JobEvent(1, "queued"),
    JobEvent(2, "started", {"total": 100}),
    JobEvent(3, "frame", {"frame": 1001, "kept": False, "quality": {"tile": 2048, "margin": 64, "on_host": 0}}),
    JobEvent(4, "waiting", {"missing": [1002, 1003]}),
)

PLATE: dict[str, Any] = {
    "required": True,
    "content": {
        **dict.fromkeys(_IMAGES, _BINARY),
        "application/octet-stream": {**_BINARY, "example": "rows of interleaved float16, see X-Mam2-Shape"},
        "application/json": {"schema": _HAND_OVER, "examples": {
            "image file": {"value": {"file": "plate.1001.exr"}},
            "raw pixels": {"value": {"file": "1001.raw", "shape": [1080, 1920, 4], "origin": "bottom-left"}},
        }},
    },
}  # fmt: skip
"""What a plate comes in: a file, raw pixels, or the name of a file in the shot's inbox."""

MATTES: dict[str, Any] = {
    "description": "The mattes: an EXR, or one layer's rows of float16 with `X-Mam2-Shape` as height,width,1.",
    "content": {"image/x-exr": _BINARY, "application/octet-stream": _BINARY},
}

JPEG: dict[str, Any] = {"description": "The picture.", "content": {"image/jpeg": _BINARY}}

EVENTS: dict[str, Any] = {
    "description": "Events until the job's end; a comment every fifteen seconds shows that the stream lives.",
    "content": {
        "text/event-stream": {"schema": {"type": "string"}, "example": "".join(event_to_lines(one) for one in _TOLD)}
    },
}
