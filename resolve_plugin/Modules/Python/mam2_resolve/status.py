"""How the engine stands, in lines for the console."""

from .contract import module


def lines() -> list[str]:
    """Say whether the engine runs, on what, and what it does."""
    client = module("launch").find()
    if client is None:
        return ["The MAM2 engine is not running. Track or Preview in a MAM2 tool starts it."]
    with client as engine:
        status = engine.status()
    found = ["MAM2 engine {}, process {}".format(status["version"], status["pid"])]
    found += ["device {}: {} ({})".format(one["name"], one["label"], one["state"]) for one in status["devices"]]
    going = [job for job in status["jobs"] if job["state"] in ("queued", "running", "waiting")]
    found += ["{}: {}, {} of {} frames".format(job["shot"], job["state"], job["done"], job["total"]) for job in going]
    found.append("{} shots in {}".format(len(status["shots"]), status["store"]))
    return found
