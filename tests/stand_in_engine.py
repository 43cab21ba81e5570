"""A program in the engine's place that does nothing but note that it was started."""

import time


def write_stand_in(program):
    """Write the program; its folder is made. It notes its arguments in `started` in the runtime folder."""
    program.parent.mkdir(parents=True, exist_ok=True)
    program.write_text('#!/bin/sh\necho "$@" > "$MAM2_RUNTIME/started"\n')
    program.chmod(0o755)


def comes(file, seconds):
    """Tell whether a file comes to hold something within so many seconds."""
    ends = time.monotonic() + seconds
    while not (file.exists() and file.read_text()) and time.monotonic() < ends:
        time.sleep(0.02)
    return file.exists()
