"""The monitor's routes: a page for people, what only it asks for, and what there is to matte with."""

from collections import deque
from pathlib import Path as FilePath
from typing import Annotated, Literal

from fastapi import FastAPI, Path, Query, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import FileResponse, HTMLResponse

from engine.contract.connection import runtime_folder
from engine.contract.errors import ServiceError
from engine.contract.launch import LOG
from engine.model.config import CONFIGS
from engine.service.engine import Engine
from engine.service.schemas import JPEG, Frame, LogLines, ModelInfo, Models, Ticket
from engine.service.security import COOKIE, OPEN, Tickets
from engine.weights.automatic import AUTO, choose_model, is_ready, way_to_model

_FOLDER = FilePath(__file__).with_name("monitor")
_SERVED = (".html", ".css", ".js", ".svg")
_POLICY = (
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "frame-ancestors 'none'; form-action 'none'"
)
_HEADERS = {"Content-Security-Policy": _POLICY, "Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
_LOG_LINES = 200
_ENTER = """<!doctype html>
<meta charset="utf-8">
<title>MAM2</title>
<meta name="mam2-page" content="{page}">
<meta name="mam2-next" content="{next}">
<script type="module" src="enter.js"></script>
"""
_THUMBNAIL = 304  # pixels of its width


def add_monitor(app: FastAPI, engine: Engine, tickets: Tickets) -> None:
    """Add the page's routes."""
    files = {"": "index.html", **{path.name: path.name for path in _FOLDER.iterdir() if path.suffix in _SERVED}}

    @app.post("/v1/tickets", status_code=201)
    async def ticket() -> Ticket:
        """Give a link to the monitor that works once, within a minute."""
        return Ticket(path=f"{OPEN}?ticket={tickets.issue()}")

    @app.get("/v1/log")
    def log() -> LogLines:
        """Give the end of the engine's log."""
        try:
            with (runtime_folder() / LOG).open(errors="replace") as file:
                return LogLines(lines=[line.rstrip("\n") for line in deque(file, _LOG_LINES)])
        except OSError:
            return LogLines(lines=["This engine was started by hand: its log is where it was started."])

    @app.get("/v1/shots/{shot}/thumbnails/{frame}", response_class=Response, responses={200: JPEG})
    async def picture(
        shot: Annotated[str, Path(min_length=1, max_length=128, examples=["sh010"])],
        frame: Annotated[Frame, Path(examples=[1001])],
        of: Annotated[Literal["plate", "alpha", "comp"], Query(examples=["alpha"])] = "comp",
    ) -> Response:
        """Give a small JPEG of a frame."""
        engine.store.shot(shot)
        layer = "grey" if of == "alpha" else of
        found = await engine.viewer.ask(
            "picture", shot=shot, frame=frame, layer=layer, thing="", width=_THUMBNAIL, mark="", preview=False
        )
        jpeg = await run_in_threadpool(FilePath(found["path"]).read_bytes)
        return Response(jpeg, media_type="image/jpeg", headers={"Cache-Control": "no-store"})

    @app.get(OPEN, include_in_schema=False)
    async def enter(
        ticket: Annotated[str, Query(max_length=100)] = "", shot: Annotated[str, Query(max_length=128)] = ""
    ) -> Response:
        session = tickets.redeem(ticket)
        if session is None:
            raise ServiceError(
                "engine.ticket", "This link has been used or is too old.", "Open a new one: mam2 status --open."
            )
        engine.touch()
        known = shot in engine.store.names()
        # No redirect: after one from outside a browser would keep a strict cookie back.
        place = f"/monitor/shot.html#{shot}" if known else "/monitor/"
        answer = HTMLResponse(_ENTER.format(page=session.page, next=place), headers=_HEADERS)
        answer.set_cookie(COOKIE, session.cookie, httponly=True, samesite="strict", path="/")
        return answer

    @app.get("/monitor/", include_in_schema=False)
    @app.get("/monitor/{name}", include_in_schema=False)
    async def page(name: str = "") -> Response:
        if name not in files:
            raise ServiceError("engine.page", "There is no such page.", "Open /monitor/.")
        return FileResponse(_FOLDER / files[name], headers=_HEADERS)


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
