from __future__ import annotations

import pytest
from problems import explain

# What pip writes to standard error, shortened.
SAYINGS = {
    "cannot be reached": (
        "WARNING: Retrying (Retry(total=0)) after connection broken by 'NameResolutionError(\"Failed to resolve\")'\n"
        "ERROR: Could not find a version that satisfies the requirement torch\nERROR: No matching distribution found"
    ),
    "proxy refused": "WARNING: Retrying after connection broken by 'ProxyError('Cannot connect to proxy.')': /simple/",
    "certificate": "Could not fetch URL: connection error: [SSL: CERTIFICATE_VERIFY_FAILED] - skipping",
    "disk is full": "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device",
    "no release": "ERROR: No matching distribution found for torch==2.15.0",
    "longer than Windows allows": "HINT: this system does not have Windows Long Path support enabled",
    "cannot be written": "ERROR: Could not install packages due to an OSError: [Errno 13] Permission denied: 'x'",
}


@pytest.mark.parametrize("sentence", sorted(SAYINGS))
def test_pips_words_become_a_sentence(sentence):
    """Each usual failure is told as what happened, at which step, and what to do next."""
    problem = explain("PyTorch", 1, SAYINGS[sentence])
    assert sentence in problem.message
    assert "'PyTorch'" in problem.message
    assert problem.hint.endswith(".")


def test_an_unknown_failure_keeps_its_status():
    """What nobody foresaw is told with the command's exit status, and points at its own words."""
    problem = explain("SAM 2", 139, "Segmentation fault")
    assert "status 139" in problem.message
    assert "above" in problem.hint
