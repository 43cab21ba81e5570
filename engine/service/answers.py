"""HTTP answers: errors with their status, as the OpenAPI document shows them; jobs and devices as it tells of them."""

from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from engine.contract.errors import EngineError, PlateError, PromptError, ServiceError, ShotError
from engine.service.devices import Device, memory_of
from engine.service.jobs import Job
from engine.service.schemas import ErrorBody
from engine.service.store import store_unusable

_STATUS = {
    "shot.unknown": 404,
    "job.unknown": 404,
    "matte.missing": 404,
    "engine.page": 404,
    "engine.token": 401,
    "engine.ticket": 401,
    "engine.forbidden": 403,
    "shot.busy": 409,
    "shot.version": 409,
    "engine.too_large": 413,
    "store.unusable": 507,
    "store.full": 507,
    "output.full_disk": 507,
}
_SEE = "GET /openapi.json describes every request."

_SHOWN: dict[int, tuple[str, tuple[EngineError, ...]]] = {
    400: (
        "The body is not what its type says.",
        (ServiceError("engine.form", "The request cannot be answered: There was an error parsing the body.", _SEE),),
    ),
    401: (
        "The token is missing or wrong.",
        (ServiceError("engine.token", "No.", "Send the token of the connection file."),),
    ),
    403: (
        "The request does not come from a program on this machine.",
        (ServiceError("engine.forbidden", "No.", "The engine answers programs on its own machine only."),),
    ),
    404: (
        "There is no such shot, job or matte.",
        (
            ServiceError("shot.unknown", "There is no shot 'sh010'.", "Declare it first: PUT /v1/shots/NAME."),
            ServiceError("job.unknown", "There is no job '5f2c'.", "It may be long over; start another."),
            ServiceError("matte.missing", "Frame 1001 of 'sh010' has no matte yet.", "Track the shot first."),
        ),
    ),
    409: (
        "It cannot change now, or is of another version.",
        (
            ServiceError(
                "shot.busy",
                "The shot 'sh010' is being tracked: its range, size, settings and model cannot change now.",
                "Cancel the job or wait for its end; prompts may change at any time.",
            ),
            ShotError(
                "shot.version",
                "The shot was written by another version of the engine (format 2).",
                "Use that version, or delete the shot and send it again.",
            ),
        ),
    ),
    413: (
        "The body is too large.",
        (
            ServiceError(
                "engine.too_large",
                "The plate is larger than the 1073741824 bytes that one may have.",
                "Send smaller plates, or raise MAM2_PLATE_BYTES.",
            ),
        ),
    ),
    422: (
        "What was asked does not hold together.",
        (
            ServiceError("engine.form", "The request is not as it should be: body.range: Field required.", _SEE),
            PromptError(
                "prompt.outside_range",
                "A prompt for 'smoke' is on frame 7, but the shot runs 1001-1100.",
                "Move the prompt into the range or widen the range.",
            ),
            PlateError("plates.empty_file", "The plate is empty (0 bytes).", "Send the whole file."),
        ),
    ),
    507: (
        "The store is full or cannot be written.",
        (
            ServiceError(
                "store.full",
                "The disk of the store is full: No space left on device.",
                "Make room on it, or choose another one with MAM2_STORE; what was stored before is whole.",
            ),
        ),
    ),
}


def documented_errors() -> dict[int | str, dict[str, Any]]:
    """Give every error's status with examples, as FastAPI takes them for the OpenAPI document."""
    return {
        status: {
            "model": ErrorBody,
            "description": description,
            "content": {"application/json": {"examples": {one.code: {"value": one.to_json()} for one in shown}}},
        }
        for status, (description, shown) in _SHOWN.items()
    }


def add_answers(app: FastAPI) -> None:
    """Have everything that a route raises answered in the one form of `EngineError`."""
    app.add_exception_handler(EngineError, _engine_error)
    app.add_exception_handler(RequestValidationError, _wrong_form)
    app.add_exception_handler(HTTPException, _no_route)
    app.add_exception_handler(OSError, _disk)
    app.add_exception_handler(ClientDisconnect, _nobody)


def status_of(error: EngineError) -> int:
    """Give the HTTP status of an error."""
    return _STATUS.get(error.code, 422)


async def _engine_error(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, EngineError)  # noqa: S101 - registered for it
    return JSONResponse(error.to_json(), status_of(error))


async def _wrong_form(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for it
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    problem = ServiceError("engine.form", f"The request is not as it should be: {where}: {first['msg']}.", _SEE)
    return JSONResponse(problem.to_json(), 422)


async def _no_route(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for it
    problem = ServiceError("engine.form", f"The request cannot be answered: {error.detail}.", _SEE)
    return JSONResponse(problem.to_json(), error.status_code, error.headers)


async def _disk(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, OSError)  # noqa: S101 - registered for it
    return JSONResponse(store_unusable(error).to_json(), 507)


async def _nobody(_: Request, __: Exception) -> JSONResponse:
    problem = ServiceError("engine.form", "The request broke off before its end.", "Send it again.")
    return JSONResponse(problem.to_json(), 400)  # nobody reads it, and nothing went wrong that a log should tell


def job_info(job: Job) -> dict[str, Any]:
    """Say how a job stands, as `JobInfo` has it."""
    return {
        "id": job.id,
        "shot": job.shot,
        "kind": job.kind,
        "state": job.state,
        "done": len(job.done),
        "total": job.total,
        "quality": job.quality,
        "error": job.error,
    }


def device_info(device: Device) -> dict[str, Any]:
    """Say how a device stands, as `DeviceInfo` has it."""
    used, total = memory_of(device)
    told = {name: getattr(device, name) for name in ("name", "label", "state", "note", "pid", "deaths")}
    return {**told, "jobs": len(device.jobs), "memory_used": used, "memory_total": total}
