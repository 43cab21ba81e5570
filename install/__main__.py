"""`python3 install VERB`: everything a fresh machine needs, with the standard library alone."""

import sys

if sys.version_info < (3, 9):  # noqa: UP036  (older Pythons do start this file, and deserve a sentence)
    sys.stderr.write(
        "This is Python %d.%d; the set-up needs Python 3.9 or newer to start, and 3.11 or newer for the engine.\n"  # noqa: UP031
        "Install Python 3.12 and run the command again with it.\n" % sys.version_info[:2]
    )
    sys.exit(2)

from verbs import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
