"""The page's own routes, and what only it and `mam2 open` send and get."""

import re
from pathlib import Path as FilePath
from typing import Annotated, Literal

from fastapi import FastAPI, Path, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, Field

from engine.contract.errors import OutputError, PromptError, ServiceError
from engine.contract.files import is_reserved
from engine.media.atomic import atomic_file
from engine.service.engine import Engine
from engine.service.exports import Clips, Export, Exports, clip_of
from engine.service.received import receive
from engine.service.schemas import ErrorBody, Form, Frame, like
from engine.service.viewers import Viewer

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


_MASK_BYTES = 64 << 20
_MASK_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}\.(png|exr|tif|tiff|jpg|jpeg|dpx)", re.IGNORECASE)
_PICTURE = {
    "content": {kind: {"schema": {"type": "string", "format": "binary"}} for kind in ("image/jpeg", "image/png")}
}

ShotName = Annotated[str, Path(min_length=1, max_length=128, examples=["sh010"])]
FrameNumber = Annotated[Frame, Path(examples=[1001])]
ExportName = Annotated[str, Path(max_length=64, examples=["9c0de1be07d4c335"])]


def add_page(app: FastAPI, engine: Engine, viewer: Viewer) -> None:
    """Add the routes."""
    _add_clips(app, engine, Clips(engine, viewer))
    _add_pictures(app, engine, viewer)
    _add_exports(app, engine, Exports(viewer))


def _add_clips(app: FastAPI, engine: Engine, clips: Clips) -> None:
    @app.post("/v1/clips", status_code=201)
    async def open_clip(body: ClipBody) -> ClipInfo:
        """Open a clip of this machine as a shot; opened twice it is the same shot. Its plates come one by one."""
        return info(await clips.open(body.path, body.layer, body.colourspace))

    @app.get("/v1/shots/{shot}/clip")
    async def clip(shot: ShotName) -> ClipInfo:
        """Say where a shot's plates are from, and whether all have come."""
        return info(shot)

    def info(name: str) -> ClipInfo:
        found = clip_of(engine.store.shot(name))
        state, problem = clips.state(name)
        error = problem.to_json() if problem else None
        path, layer = (found.path, found.layer) if found else ("", None)
        return ClipInfo.model_validate({"shot": name, "path": path, "layer": layer, "state": state, "error": error})


def _add_pictures(app: FastAPI, engine: Engine, viewer: Viewer) -> None:
    @app.get("/v1/shots/{shot}/pictures/{frame}", response_class=Response, responses={200: _PICTURE})
    async def picture(
        request: Request,
        shot: ShotName,
        frame: FrameNumber,
        layer: Annotated[Literal["plate", "alpha", "trimap", "mask"], Query(examples=["alpha"])] = "plate",
        thing: Annotated[str, Query(alias="object", max_length=64, examples=["smoke"])] = "",
        width: Annotated[int, Query(ge=16, le=8192, examples=[960])] = 960,
        preview: Annotated[bool, Query(examples=[True])] = False,
    ) -> Response:
        """Get a picture of a frame as wide as it is shown: the plate as JPEG, a layer as PNG whose alpha it is."""
        engine.store.shot(shot)
        had = request.headers.get("if-none-match", "").strip('"')
        found = await viewer.ask(
            "picture",
            shot=shot,
            frame=frame,
            layer=layer,
            thing=thing if layer != "plate" else "",
            width=width,
            mark=had,
            preview=preview,
        )
        headers = {"ETag": f'"{found["mark"]}"', "Cache-Control": "no-cache"}
        if "path" not in found:
            return Response(status_code=304, headers=headers)
        file = FilePath(found["path"])
        data = await run_in_threadpool(file.read_bytes)
        kind = "image/jpeg" if file.suffix == ".jpg" else "image/png"
        return Response(data, media_type=kind, headers=headers)

    @app.post("/v1/shots/{shot}/watch/{frame}", status_code=204)
    async def watch(shot: ShotName, frame: FrameNumber) -> None:
        """Say that somebody looks at a frame: a worker with nothing else to do gets ready for a click there."""
        engine.store.shot(shot)
        engine.workers.watch(shot, frame)

    @app.get("/v1/shots/{shot}/pixels/{frame}")
    async def pixel(
        shot: ShotName,
        frame: FrameNumber,
        x: Annotated[int, Query(ge=0, le=32768, examples=[960])],
        y: Annotated[int, Query(ge=0, le=32768, examples=[540])],
    ) -> Pixel:
        """Get the values of one pixel, counted from the plate's top-left corner."""
        engine.store.shot(shot)
        return Pixel(**await viewer.ask("pixel", shot=shot, frame=frame, x=x, y=y))

    @app.put("/v1/shots/{shot}/masks/{file}", openapi_extra={"requestBody": {"content": {"image/*": {}}}})
    async def put_mask(
        request: Request,
        shot: ShotName,
        file: Annotated[str, Path(max_length=105, examples=["roto.png"])],
    ) -> MaskFile:
        """Send a mask of the plate's size; a prompt of kind `mask` then names its path."""
        stored = engine.store.shot(shot)
        if not _MASK_NAME.fullmatch(file) or is_reserved(file):
            raise PromptError(
                "prompt.mask",
                f"'{file[:80]}' cannot name a mask.",
                "Send a PNG, EXR, TIFF, DPX or JPEG, plainly named.",
            )
        path = engine.store.incoming()
        try:
            await receive(request, path, None, _MASK_BYTES)
            place = stored.folder / "masks" / file
            place.parent.mkdir(exist_ok=True, mode=0o700)
            with atomic_file(place, path.stat().st_size) as temporary:
                path.replace(temporary)
        finally:
            engine.discard(path)
        return MaskFile(path=str(place))


def _check(body: ExportBody) -> None:
    if not FilePath(body.folder).is_absolute():
        raise OutputError("output.path", f"'{body.folder[:200]}' is not a whole path.", "Begin it at the root.")
    if is_reserved(body.name):
        raise OutputError("output.name", f"Windows keeps the name '{body.name}' for a device.", "Give another.")
    if (body.layers or body.premult) and body.format != "exr":
        raise OutputError(
            "output.layer", f"Colours and IDs cannot be written as {body.format}.", "Choose EXR, or leave them out."
        )


def _add_exports(app: FastAPI, engine: Engine, exports: Exports) -> None:
    @app.post("/v1/shots/{shot}/exports", status_code=202)
    async def export(shot: ShotName, body: ExportBody) -> ExportInfo:
        """Write a shot's mattes into a folder of this machine: those that are still right."""
        stored = engine.store.shot(shot)
        _check(body)
        right, _ = await run_in_threadpool(engine.mattes, stored)
        first, last = body.frames or (min(right, default=0), max(right, default=0))
        frames = [frame for frame in right if first <= frame <= last]
        if not frames:
            raise ServiceError("matte.missing", f"'{shot}' has no mattes to export there.", "Track the shot first.")
        return info(exports.start(shot, frames, **body.model_dump(exclude={"frames"})))

    @app.get("/v1/exports/{export}")
    async def export_info(export: ExportName) -> ExportInfo:
        """Say how an export stands."""
        return info(found(export))

    @app.delete("/v1/exports/{export}")
    async def cancel_export(export: ExportName) -> ExportInfo:
        """Leave an export; files that are whole stay."""
        exports.cancel(found(export))
        return info(found(export))

    def found(name: str) -> Export:
        if name not in exports.known:
            raise ServiceError("job.unknown", f"There is no export '{name[:40]}'.", "Start another.")
        return exports.known[name]

    def info(one: Export) -> ExportInfo:
        facts = {key: getattr(one, key) for key in ("id", "shot", "state", "done", "total", "pattern")}
        return ExportInfo.model_validate({**facts, "error": one.error.to_json() if one.error else None})
