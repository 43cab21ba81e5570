"""What only the page and `mam2 open` send and get."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from engine.service.schemas import ErrorBody, Form, Frame, like

_PATH = r"^[^\x00]+$"


class ClipBody(Form):
    """A clip on this machine, to be opened as a shot."""

    model_config = like({"path": "/shows/sh010/plates/sh010.####.exr", "colourspace": "ACEScg"})

    path: Annotated[str, Field(pattern=_PATH, max_length=4096, description="As `mam2 matte` takes plates; whole.")]
    layer: Annotated[str | None, Field(max_length=256, description="Of EXR files; by default their picture.")] = None
    colourspace: Annotated[str | None, Field(max_length=256, description="By default that of the file type.")] = None


class ClipInfo(BaseModel):
    """Where a shot's plates are from."""

    model_config = like({"shot": "sh010", "path": "/shows/sh010/plates/sh010.####.exr", "state": "here"})

    shot: str
    path: str = Field(description="Empty for a shot that a host has sent.")
    layer: str | None = None
    state: Literal["coming", "here", "failed"]
    error: ErrorBody | None = None


class Pixel(BaseModel):
    """The values of one pixel."""

    model_config = like({"rgb": [0.18, 0.21, 0.4], "alpha": {"smoke": 0.5}})

    rgb: list[float] = Field(description="The plate's own, in its own colour space.")
    alpha: dict[str, float] = Field(description="Of every object, where there are mattes.")


class MaskFile(BaseModel):
    """A mask that was sent."""

    model_config = like({"path": "/data/mam2/store/shots/sh010/masks/roto.png"})

    path: str = Field(description="What a prompt of kind `mask` names.")


Further = Literal["fg", "despill", "bg", "cryptomatte"]


class ExportBody(Form):
    """Mattes to be written into a folder of this machine."""

    model_config = like({"folder": "/shows/sh010/mattes", "name": "sh010_matte", "format": "exr"})

    folder: Annotated[str, Field(pattern=_PATH, max_length=4096, description="A whole path; it is made.")]
    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}$", description="Begins the file names.")]
    format: Annotated[
        Literal["exr", "png16", "prores", "prores_premultiplied"],
        Field(description="ProRes 4444 is of Rec.709, straight or premultiplied as displayed."),
    ] = "exr"
    layers: Annotated[tuple[Further, ...], Field(max_length=4, description="Beside the mattes; of EXR alone.")] = ()
    premult: Annotated[bool, Field(description="R, G, B are the objects' colours times alpha; of EXR alone.")] = False
    frames: Annotated[list[Frame] | None, Field(min_length=2, max_length=2, description="First and last.")] = None
    rate: Annotated[float, Field(gt=0, le=1000, description="Frames a second of a movie.")] = 24.0


class ExportInfo(BaseModel):
    """An export as it stands."""

    model_config = like(
        {
            "id": "9c0de1be07d4c335",
            "shot": "sh010",
            "state": "done",
            "done": 100,
            "total": 100,
            "pattern": "/shows/sh010/mattes/sh010_matte.####.exr",
        }
    )

    id: str
    shot: str
    state: Literal["running", "done", "failed", "cancelled"]
    done: int
    total: int
    pattern: str
    error: ErrorBody | None = None
