"""What goes over the wire, as the OpenAPI document shows it. Values are checked by the contract, forms here."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from engine.contract.events import JobEvent, event_to_lines

# Any number that a file may have, dates with their times included; how many frames a shot has is the contract's rule.
Frame = Annotated[int, Field(ge=-(10**15), le=10**15)]
Side = Annotated[int, Field(ge=1, le=32768)]


_OBJECTS = [
    {
        "name": "smoke",
        "prompts": [
            {"kind": "point", "frame": 1001, "x": 960.0, "y": 540.0, "positive": True},
            {"kind": "box", "frame": 1060, "box": [300.0, 80.0, 900.0, 700.0]},
        ],
    }
]
_SETTINGS = {"direction": "both", "mode": "pdd+mss", "corrections": "refine", "colourspace": "ACEScg"}
_SHOT = {
    "range": [1001, 1100],
    "size": [1920, 1080],
    "settings": _SETTINGS,
    "model": "starter",
    "objects": _OBJECTS,
}
_JOB = {
    "id": "5f2c9a1be07d4c33",
    "shot": "sh010",
    "kind": "track",
    "state": "running",
    "done": 12,
    "total": 100,
    "quality": {"tile": 2048, "margin": 64, "on_host": 0},
    "error": None,
}
_DEVICE = {
    "name": "cuda:0",
    "label": "NVIDIA RTX A5000",
    "state": "ready",
    "note": "",
    "pid": 4712,
    "deaths": 0,
    "jobs": 1,
    "memory_used": 3_221_225_472,
    "memory_total": 25_769_803_776,
}


def like(example: dict[str, Any]) -> ConfigDict:
    """Give a body an example, which the OpenAPI document shows and a test holds against the body."""
    return ConfigDict(json_schema_extra={"examples": [example]})


class Form(BaseModel):
    """A body in which nothing unknown may stand."""

    model_config = ConfigDict(extra="forbid")


class ErrorBody(BaseModel):
    """Every error: `code` is stable, `message` says what happened, `hint` what to do next."""

    kind: str = Field(examples=["ServiceError"])
    code: str = Field(examples=["shot.unknown"])
    message: str = Field(examples=["There is no shot 'sh010'."])
    hint: str = Field(examples=["Declare it first: PUT /v1/shots/NAME."])


class FinesseBody(Form):
    """What is done to every finished alpha; see the contract's `Finesse`."""

    temporal: bool = False
    remove_specks: Annotated[int, Field(ge=0)] = 0
    fill_holes: Annotated[int, Field(ge=0)] = 0
    grow: Annotated[float, Field(ge=-500, le=500)] = 0.0
    soften: Annotated[float, Field(ge=0, le=500)] = 0.0
    gamma: Annotated[float, Field(ge=0.01, le=100)] = 1.0


class SettingsBody(Form):
    """How a shot is tracked, and its alphas finished; see the contract's `Settings`."""

    direction: Literal["forward", "backward", "both"] = "both"
    mode: Literal["parallel", "pdd", "pdd+mcs", "pdd+mss"] = "pdd+mss"
    corrections: Literal["refine", "independent"] = "refine"
    colourspace: Annotated[str | None, Field(max_length=1024)] = None
    finesse: FinesseBody = FinesseBody()


class PointBody(Form):
    """A click: pixels from the plate's top-left corner."""

    kind: Literal["point"]
    frame: Frame
    x: float
    y: float
    positive: bool = True


class BoxBody(Form):
    """A box: left, top, right, bottom in pixels from the plate's top-left corner."""

    kind: Literal["box"]
    frame: Frame
    box: Annotated[list[float], Field(min_length=4, max_length=4)]


class MaskBody(Form):
    """A mask file of the plate's size that the engine can read."""

    kind: Literal["mask"]
    frame: Frame
    path: Annotated[str, Field(max_length=4096, description="`FILE`, or `FILE:LAYER` for one of its layers.")]


PromptBody = Annotated[PointBody | BoxBody | MaskBody, Field(discriminator="kind")]


class HeldBody(Form):
    """A mask that the object's matte is held to; see the contract's `HeldMask`."""

    kind: Literal["core", "garbage", "unknown", "trimap", "mask"]
    path: Annotated[str, Field(min_length=1, max_length=4096, examples=["/shots/sh010/core.####.exr"])]
    range: Annotated[list[Frame | None], Field(min_length=2, max_length=2)] = [None, None]
    layer: Annotated[str | None, Field(max_length=256)] = None
    invert: bool = False


class ObjectBody(Form):
    """One thing to be matted."""

    name: Annotated[str, Field(min_length=1, max_length=64, examples=["smoke"])]
    prompts: Annotated[list[PromptBody], Field(max_length=100_000)]
    held: Annotated[list[HeldBody], Field(max_length=10_000)] = []


class PromptsBody(Form):
    """All prompts of a shot."""

    model_config = like({"objects": _OBJECTS})

    objects: Annotated[list[ObjectBody], Field(max_length=256)]


class ShotBody(Form):
    """A shot, declared. Prompts may be given here or later."""

    model_config = like(_SHOT)

    range: Annotated[list[Frame], Field(min_length=2, max_length=2, examples=[[1001, 1100]])]
    size: Annotated[list[Side], Field(min_length=2, max_length=2, examples=[[1920, 1080]])]
    settings: SettingsBody = SettingsBody()
    model: Annotated[
        str,
        Field(max_length=256, examples=["starter"], description="`auto` is the best that is ready; see /v1/models."),
    ] = "auto"
    objects: Annotated[list[ObjectBody], Field(max_length=256)] = []
    layers: Annotated[
        list[Literal["fg", "despill", "bg", "cryptomatte", "premult"]],
        Field(
            max_length=5,
            description="What the mattes' EXR holds besides, scene-linear: `fg`, each object's own colour in OBJECT.R, "
            ".G and .B, straight; `despill` and `bg`, layers OBJECT_despill and OBJECT_bg; `premult`, R, G and B of "
            "the file premultiplied; `cryptomatte`, IDs. Another choice makes mattes anew and tracks nothing.",
        ),
    ] = []


class HandOverBody(Form):
    """A plate that lies in the shot's inbox; for raw pixels also how they lie."""

    file: Annotated[str, Field(min_length=1, max_length=255, examples=["plate.1001.exr"])]
    shape: Annotated[list[int] | None, Field(min_length=3, max_length=3, examples=[[1080, 1920, 4]])] = None
    dtype: Literal["float16", "float32"] = "float16"
    origin: Literal["top-left", "bottom-left"] = "top-left"


class TrackBody(Form):
    """A track."""

    model_config = like({"direction": "forward", "batch": False, "plate_timeout": 300.0})

    direction: Literal["forward", "backward", "both"] | None = None
    batch: Annotated[bool, Field(description="Behind all tracks that somebody waits for.")] = False
    plate_timeout: Annotated[float | None, Field(gt=0, le=86_400)] = None


class Plate(BaseModel):
    """A plate that has arrived."""

    model_config = like({"frame": 1001, "bytes": 12_441_933})

    frame: int
    bytes: int


class Dirty(BaseModel):
    """Frames whose mattes are no longer right."""

    model_config = like({"dirty": [1060, 1061, 1062]})

    dirty: list[int]


class ShotInfo(BaseModel):
    """A shot as it stands."""

    model_config = like(
        {
            **_SHOT,
            "shot": "sh010",
            "inbox": "/data/mam2/store/shots/sh010/inbox",
            "plates": [1001, 1002, 1003],
            "mattes": [1001],
            "stale": [1002],
            "confidence": {"1001": 0.98, "1002": 0.61},
            "doubtful": [1002],
            "lost": {"smoke": 1002},
        }
    )

    shot: str
    range: list[int]
    size: list[int]
    settings: SettingsBody
    model: str = Field(description="What `auto` stood for when the shot was declared, or what was declared.")
    objects: list[dict[str, Any]]
    inbox: str = Field(description="Folder for plates handed over by a program on the same machine.")
    plates: list[int] = Field(description="Frames that have a plate.")
    mattes: list[int] = Field(description="Frames that have mattes which are still right.")
    stale: list[int] = Field(description="Frames whose mattes no longer fit plates, prompts, model or settings.")
    confidence: dict[int, float] = Field(
        description="How sure the tracker was of the object that it was least sure of, by frame; 0: it was not there."
    )
    doubtful: list[int] = Field(description="Frames on which an object may be lost, or its mask may have leaked.")
    lost: dict[str, int] = Field(description="Objects that may be lost, and the frame from which on.")


class ModelInfo(BaseModel):
    """A model: whether it can run, and the way to what it lacks."""

    model_config = like({"name": "sam2.1-t", "ready": False, "way": "mam2 weights pull sam2.1-t"})

    name: str
    ready: bool
    way: str = Field(description="What gets it; empty where it is ready.")


class Models(BaseModel):
    """What there is to matte with."""

    model_config = like(
        {
            "auto": "starter",
            "told": "starter on cpu; matting model: starter",
            "advice": "",
            "models": [{"name": "sam2.1-t", "ready": False, "way": "mam2 weights pull sam2.1-t"}],
        }
    )

    auto: str = Field(description="The model that `auto` stands for now.")
    told: str = Field(description="The same for a person, with device and matting model.")
    advice: str = Field(description="What would matte footage better; empty where nothing does.")
    models: list[ModelInfo]


class JobInfo(BaseModel):
    """A job as it stands."""

    model_config = like(_JOB)

    id: str
    shot: str
    kind: Literal["preview", "track", "batch"]
    state: Literal["queued", "running", "waiting", "done", "failed", "cancelled"]
    done: int
    total: int
    quality: dict[str, int] | None = Field(
        None,
        description="What the matter sees at once, in pixels; 1 where it computes on the host, after memory ran out.",
    )
    error: ErrorBody | None = None


class DeviceInfo(BaseModel):
    """A device and its worker."""

    model_config = like(_DEVICE)

    name: str
    label: str
    state: Literal["idle", "starting", "ready"]
    note: str = Field(description="Why it is this device and no better one; empty where there is nothing to say.")
    pid: int | None
    deaths: int
    jobs: int
    memory_used: int
    memory_total: int


class Ticket(BaseModel):
    """A link to the monitor, on the engine's own address."""

    model_config = like({"path": "/monitor/open?ticket=pJ0vS4"})

    path: str


class LogLines(BaseModel):
    """The end of the engine's log."""

    model_config = like(
        {"lines": ["INFO engine.service.serve: engine 0.1.0 answers at http://127.0.0.1:40321, process 4711"]}
    )

    lines: list[str]


class Status(BaseModel):
    """The engine as it stands."""

    model_config = like(
        {
            "version": "0.1.0",
            "pid": 4711,
            "uptime": 86.4,
            "devices": [_DEVICE],
            "shots": ["sh010"],
            "jobs": [_JOB],
            "store": "/data/mam2/store",
        }
    )

    version: str
    pid: int
    uptime: float
    devices: list[DeviceInfo]
    shots: list[str]
    jobs: list[JobInfo]
    store: str


# Bodies that are not JSON alone.

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
