"""What goes over the wire, as the OpenAPI document shows it. Values are checked by the contract, forms here."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Frame = Annotated[int, Field(ge=-1_000_000, le=10_000_000)]
Side = Annotated[int, Field(ge=1, le=32768)]


class Form(BaseModel):
    """A body in which nothing unknown may stand."""

    model_config = ConfigDict(extra="forbid")


class ErrorBody(BaseModel):
    """Every error: `code` is stable, `message` says what happened, `hint` what to do next."""

    kind: str = Field(examples=["ServiceError"])
    code: str = Field(examples=["shot.unknown"])
    message: str = Field(examples=["There is no shot 'sh010'."])
    hint: str = Field(examples=["Declare it first: PUT /v1/shots/NAME."])


class SettingsBody(Form):
    """How a shot is tracked; see the contract's `Settings`."""

    direction: Literal["forward", "backward", "both"] = "both"
    mode: Literal["parallel", "pdd", "pdd+mcs", "pdd+mss"] = "pdd+mss"
    corrections: Literal["refine", "independent"] = "refine"
    colourspace: Annotated[str | None, Field(max_length=256)] = None


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
    path: Annotated[str, Field(max_length=4096)]


PromptBody = Annotated[PointBody | BoxBody | MaskBody, Field(discriminator="kind")]


class ObjectBody(Form):
    """One thing to be matted."""

    name: Annotated[str, Field(min_length=1, max_length=64, examples=["smoke"])]
    prompts: Annotated[list[PromptBody], Field(max_length=100_000)]


class PromptsBody(Form):
    """All prompts of a shot."""

    objects: Annotated[list[ObjectBody], Field(max_length=256)]


class ShotBody(Form):
    """A shot, declared. Prompts may be given here or later."""

    range: Annotated[list[Frame], Field(min_length=2, max_length=2, examples=[[1001, 1100]])]
    size: Annotated[list[Side], Field(min_length=2, max_length=2, examples=[[1920, 1080]])]
    settings: SettingsBody = SettingsBody()
    model: Annotated[str, Field(max_length=256, examples=["starter"])] = "starter"
    objects: Annotated[list[ObjectBody], Field(max_length=256)] = []


class HandOverBody(Form):
    """A plate that lies in the shot's inbox; for raw pixels also how they lie."""

    file: Annotated[str, Field(min_length=1, max_length=255, examples=["plate.1001.exr"])]
    shape: Annotated[list[int] | None, Field(min_length=3, max_length=3, examples=[[1080, 1920, 4]])] = None
    dtype: Literal["float16", "float32"] = "float16"
    origin: Literal["top-left", "bottom-left"] = "top-left"


class TrackBody(Form):
    """A track."""

    direction: Literal["forward", "backward", "both"] | None = None
    batch: Annotated[bool, Field(description="Behind all tracks that somebody waits for.")] = False
    plate_timeout: Annotated[float | None, Field(gt=0, le=86_400)] = None


class Plate(BaseModel):
    """A plate that has arrived."""

    frame: int
    bytes: int


class Dirty(BaseModel):
    """Frames whose mattes are no longer right."""

    dirty: list[int]


class ShotInfo(BaseModel):
    """A shot as it stands."""

    shot: str
    range: list[int]
    size: list[int]
    settings: SettingsBody
    model: str
    objects: list[dict[str, Any]]
    inbox: str = Field(description="Folder for plates handed over by a program on the same machine.")
    plates: list[int] = Field(description="Frames that have a plate.")
    mattes: list[int] = Field(description="Frames that have mattes which are still right.")
    stale: list[int] = Field(description="Frames whose mattes no longer fit plates, prompts, model or settings.")


class JobInfo(BaseModel):
    """A job as it stands."""

    id: str
    shot: str
    kind: Literal["preview", "track", "batch"]
    state: Literal["queued", "running", "waiting", "done", "failed", "cancelled"]
    done: int
    total: int
    quality: dict[str, int] | None = Field(
        None, description="What the matter sees at once, in pixels: smaller tiles after memory has run out."
    )
    error: ErrorBody | None = None


class DeviceInfo(BaseModel):
    """A device and its worker."""

    name: str
    label: str
    state: Literal["idle", "starting", "ready"]
    pid: int | None
    deaths: int
    jobs: int
    memory_used: int
    memory_total: int


class Ticket(BaseModel):
    """A link to the monitor, on the engine's own address."""

    path: str


class LogLines(BaseModel):
    """The end of the engine's log."""

    lines: list[str]


class Status(BaseModel):
    """The engine as it stands."""

    version: str
    pid: int
    uptime: float
    devices: list[DeviceInfo]
    shots: list[str]
    jobs: list[JobInfo]
    store: str
