"""What may be wrong with an installation, found by small checks over facts that are gathered once.

facts.py          what is read from the machine, `Machine`
check_*.py        each gives findings: `ok`, `warning` or `fault`, with the cure
examination.py    runs them all
privacy.py        takes names and paths out of what they say
"""
