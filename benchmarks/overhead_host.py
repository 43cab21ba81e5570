"""A host as a host is: the standard library and a copy of the contract, nothing else of ours.

    python overhead_host.py CONTRACT_PARENT PLATES OUT FIRST LAST WIDTH HEIGHT X Y NAME

Hands over plates as it writes them, fetches mattes as they are finished, and prints the seconds from the first plate
to the last matte as JSON. The engine is found as a host finds it.
"""

import json
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, sys.argv[1])
from mam2_contract.launch import find_or_start
from mam2_contract.shot import Point, Settings, ShotObject


def main() -> None:
    """Track one shot and fetch its mattes."""
    plates, out = Path(sys.argv[2]), Path(sys.argv[3])
    first, last, width, height = (int(value) for value in sys.argv[4:8])
    x, y, name = float(sys.argv[8]), float(sys.argv[9]), sys.argv[10]
    thing = ShotObject("thing", (Point(first, x, y),))
    with find_or_start() as engine, find_or_start() as sender:
        began = time.perf_counter()
        settings = Settings(direction="forward")
        shot = engine.declare(name, first, last, width, height, settings=settings, objects=(thing,))
        job = engine.track(name)

        def send() -> None:
            for frame in range(first, last + 1):
                file = f"plate.{frame}.exr"
                Path(shot["inbox"], file).write_bytes((plates / file).read_bytes())
                sender.hand_over(name, frame, file)

        sending = threading.Thread(target=send)
        sending.start()
        for event in engine.events(job):
            if event.kind == "frame":
                frame = event.data["frame"]
                engine.get_matte(name, frame, out / f"matte.{frame}.exr")
        seconds = time.perf_counter() - began
        sending.join()
        engine.delete(name)
    print(json.dumps({"end": event.kind, "seconds": seconds}))


if __name__ == "__main__":
    main()
