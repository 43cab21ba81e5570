"""`python -m engine` is `mam2`."""

from engine.cli import main

if __name__ == "__main__":
    main()
