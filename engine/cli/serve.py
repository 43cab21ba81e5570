"""`mam2 serve`: the engine that hosts share."""

import logging

import typer


def serve() -> None:
    """Run the engine for this user's hosts until nobody needs it; hosts start it by themselves.

    Settings are environment variables: MAM2_STORE, MAM2_STORE_BYTES, MAM2_PLATE_BYTES, MAM2_DEVICES, MAM2_MODEL_BYTES,
    MAM2_PLATE_TIMEOUT, MAM2_PREPARE, MAM2_WORKER_TIMEOUT, MAM2_IDLE_REST, MAM2_IDLE_EXIT, MAM2_RUNTIME.
    """
    from engine.service.serve import serve as run
    from engine.service.settings import ServiceSettings

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    run(ServiceSettings())
    typer.echo("engine ended", err=True)
