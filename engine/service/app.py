"""The routes: thin, one a verb of the API. What they do stands in `engine`."""

from collections.abc import AsyncIterator
from typing import Annotated, Any, Literal

from fastapi import Body, FastAPI, Header, Path, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import FileResponse, StreamingResponse
from pydantic import ValidationError

from engine import __version__
from engine.contract.errors import PlateError, ServiceError
from engine.contract.events import event_to_lines
from engine.contract.shot_json import objects_from_json, settings_from_json
from engine.service.answers import add_answers, documented_errors, job_info
from engine.service.declaration import Declaration, declaration_to_json
from engine.service.engine import Engine
from engine.service.matte_states import doubts
from engine.service.monitor_routes import add_models, add_monitor
from engine.service.page_routes import add_page
from engine.service.received import RawLayout, receive
from engine.service.schemas import (
    EVENTS,
    MATTES,
    PLATE,
    Dirty,
    Frame,
    HandOverBody,
    JobInfo,
    ObjectBody,
    Plate,
    PromptsBody,
    ShotBody,
    ShotInfo,
    Status,
    TrackBody,
)
from engine.service.security import Tickets

PULSE = 15.0  # seconds after which a silent event stream shows that it lives
ShotName = Annotated[str, Path(min_length=1, max_length=128, examples=["sh010"])]
FrameNumber = Annotated[Frame, Path(examples=[1001])]
JobName = Annotated[str, Path(max_length=64, examples=["5f2c9a1be07d4c33"])]
Dtype = Annotated[Literal["float16", "float32"], Header(examples=["float16"])]
Origin = Literal["top-left", "bottom-left"]


def build(engine: Engine, tickets: Tickets) -> FastAPI:
    """Make the application of an engine; browsers come in by tickets.

    What changes anything runs in the event loop, and so one at a time; only reading files goes to threads.
    """
    app = FastAPI(
        title="MAM2 engine",
        version=__version__,
        description="Plates and prompts in, mattes out; for programs on this machine that bring the engine's token.",
        docs_url=None,
        redoc_url=None,
        responses=documented_errors(),
    )
    add_answers(app)
    for add in (_add_shots, _add_plates_and_mattes, _add_jobs):
        add(app, engine)
    add_models(app, engine)
    add_page(app, engine, engine.viewer)
    add_monitor(app, engine, tickets)
    return app


def _add_shots(app: FastAPI, engine: Engine) -> None:
    @app.get("/v1/status")
    async def status() -> Status:
        """Say how the engine stands: devices, shots, jobs."""
        return Status(**engine.status())

    @app.get("/v1/shots/{shot}")
    def shot_info(shot: ShotName) -> ShotInfo:
        """Say how a shot stands: what was declared, which plates are there, which mattes are right."""
        return _info(engine, shot)

    @app.put("/v1/shots/{shot}")
    async def declare(shot: ShotName, body: ShotBody) -> ShotInfo:
        """Declare a shot or change it; asked twice it is the same. Plates and mattes stay."""
        engine.declare(shot, _declaration(body))
        return await run_in_threadpool(_info, engine, shot)

    @app.delete("/v1/shots/{shot}", status_code=204)
    async def delete(shot: ShotName) -> None:
        """Remove a shot with its plates and mattes; its jobs are cancelled."""
        engine.delete(shot)

    @app.put("/v1/shots/{shot}/prompts")
    async def put_prompts(shot: ShotName, body: PromptsBody) -> Dirty:
        """Give the whole prompt set; answers the frames whose mattes it changes."""
        return Dirty(dirty=engine.set_prompts(shot, _objects(body.objects)))


def _add_plates_and_mattes(app: FastAPI, engine: Engine) -> None:
    @app.put("/v1/shots/{shot}/plates/{frame}", openapi_extra={"requestBody": PLATE})
    async def put_plate(
        request: Request,
        shot: ShotName,
        frame: FrameNumber,
        x_mam2_shape: Annotated[str | None, Header(pattern=r"^\d{1,5},\d{1,5},\d$", examples=["1080,1920,4"])] = None,
        x_mam2_dtype: Dtype = "float16",
        x_mam2_origin: Annotated[Origin, Header(examples=["bottom-left"])] = "top-left",
    ) -> Plate:
        """Send a plate: an image file, raw pixels (with the headers), or the name of a file in the shot's inbox."""
        engine.store.shot(shot)
        shape = [int(side) for side in x_mam2_shape.split(",")] if x_mam2_shape else None
        layout = _layout(shape, x_mam2_dtype, x_mam2_origin) if shape else None
        if _is_json(request):
            hand = await _hand_over(request)
            kind = _layout(hand.shape, hand.dtype, hand.origin) if hand.shape else hand.file.rpartition(".")[2].lower()
            engine.hand_over(shot, frame, hand.file, kind)
        else:
            path = engine.store.incoming()
            try:
                engine.arrived(shot, frame, path, await receive(request, path, layout, engine.settings.plate_bytes))
            finally:
                engine.discard(path)  # what was taken over is no longer there
        plate = engine.store.shot(shot).plate(frame)
        return Plate(frame=frame, bytes=plate.stat().st_size if plate else 0)

    @app.get("/v1/shots/{shot}/mattes/{frame}", response_class=Response, responses={200: MATTES})
    def matte(
        shot: ShotName,
        frame: FrameNumber,
        layer: Annotated[str, Query(max_length=80, pattern=r"^[A-Za-z0-9_.-]+$", examples=["smoke.alpha"])] = "alpha",
        as_: Annotated[Literal["exr", "raw"], Query(alias="as", examples=["raw"])] = "exr",
        origin: Annotated[Origin, Query(examples=["bottom-left"])] = "top-left",
        preview: Annotated[bool, Query(examples=[True])] = False,
    ) -> Response:
        """Get mattes: the EXR with every layer, or one layer as raw half floats.

        A raw layer is `OBJECT.alpha`, `OBJECT.trimap` or `OBJECT.mask`; `alpha` alone is that of all objects together.
        """
        stored = engine.store.shot(shot)
        path = stored.matte(frame, preview=preview)
        if not path.is_file():
            raise ServiceError("matte.missing", f"Frame {frame} of '{shot}' has no matte yet.", "Track the shot first.")
        if as_ == "exr":
            return FileResponse(path, media_type="image/x-exr")
        from engine.service.received import raw_layer  # noqa: PLC0415 - loads the image libraries

        pixels, (height, width) = raw_layer(path, layer, origin)
        headers = {"X-Mam2-Shape": f"{height},{width},1", "X-Mam2-Dtype": "float16", "X-Mam2-Origin": origin}
        return Response(pixels, media_type="application/octet-stream", headers=headers)


def _add_jobs(app: FastAPI, engine: Engine) -> None:
    @app.post("/v1/shots/{shot}/preview/{frame}", status_code=202)
    async def preview(
        shot: ShotName,
        frame: FrameNumber,
        width: Annotated[int | None, Query(ge=16, le=32768, examples=[960])] = None,
    ) -> JobInfo:
        """Matte one frame now, ahead of every queue; get it with `?preview=true` when the job is done.

        With the width at which it is shown its mattes may be as small as that, which takes a fraction of the time.
        """
        return JobInfo(**job_info(engine.start(shot, "preview", frame=frame, width=width)))

    @app.post("/v1/shots/{shot}/track", status_code=202)
    async def track(shot: ShotName, body: Annotated[TrackBody, Body()] = TrackBody()) -> JobInfo:  # noqa: B008
        """Track the shot. It may begin before all plates are there and waits for the next one."""
        how = {"direction": body.direction}
        if body.plate_timeout is not None:
            how["plate_timeout"] = body.plate_timeout  # type: ignore[assignment]
        return JobInfo(**job_info(engine.start(shot, "batch" if body.batch else "track", **how)))

    @app.get("/v1/jobs/{job}")
    async def job(job: JobName) -> JobInfo:
        """Say how a job stands."""
        return JobInfo(**job_info(engine.book.get(job)))

    @app.delete("/v1/jobs/{job}")
    async def cancel(job: JobName) -> JobInfo:
        """Cancel a job; mattes that are done stay."""
        found = engine.book.get(job)
        engine.cancel(found)
        return JobInfo(**job_info(found))

    @app.get("/v1/jobs/{job}/events", response_class=Response, responses={200: EVENTS})
    async def events(job: JobName, last_event_id: Annotated[int, Header(ge=0, examples=[2])] = 0) -> StreamingResponse:
        """Follow a job as server-sent events; `Last-Event-ID` joins again behind that event."""
        found = engine.book.get(job)

        async def lines() -> AsyncIterator[str]:
            async for event in engine.book.events(found, last_event_id, PULSE):
                yield event_to_lines(event) if event else ":\n\n"

        return StreamingResponse(lines(), media_type="text/event-stream", headers={"Cache-Control": "no-store"})


def _info(engine: Engine, name: str) -> ShotInfo:
    stored = engine.store.shot(name)
    declared = declaration_to_json(stored.declaration())
    right, stale = engine.mattes(stored)
    confidence, doubtful, lost = doubts(stored, stored.declaration().objects, [*right, *stale])
    return ShotInfo(
        shot=name,
        inbox=str(stored.inbox),
        plates=stored.frames(),
        mattes=right,
        stale=stale,
        confidence=confidence,
        doubtful=doubtful,
        lost=lost,
        **{key: value for key, value in declared.items() if key != "version"},
    )


def _declaration(body: ShotBody) -> Declaration:
    (first, last), (width, height) = body.range, body.size
    settings = settings_from_json(body.settings.model_dump())
    layers = tuple(dict.fromkeys(body.layers))
    return Declaration(first, last, width, height, settings, body.model, _objects(body.objects), layers)


def _objects(bodies: list[ObjectBody]) -> Any:
    return objects_from_json([body.model_dump() for body in bodies])


def _layout(shape: list[int], dtype: str, origin: str) -> RawLayout:
    height, width, channels = shape
    return RawLayout(height, width, channels, dtype, origin)


def _is_json(request: Request) -> bool:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower() == "application/json"


async def _hand_over(request: Request, most: int = 1 << 16) -> HandOverBody:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > most:
            raise ServiceError("engine.too_large", "The hand-over is too long.", "Name one file.")
    try:
        return HandOverBody.model_validate_json(body)
    except ValidationError as problem:
        first = problem.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise PlateError(
            "plates.hand_over", f"The hand-over cannot be read: {where}: {first['msg']}.", 'Send {"file": "NAME"}.'
        ) from None
