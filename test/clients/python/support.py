"""Runs the test_* functions of a client's file against a gateway and prints one JSON line for each.

CORRAL_URL and CORRAL_KEY say where the gateway is and what opens it; CORRAL_FAKE is the control panel of the
Ollama behind it.
"""

import contextlib
import json
import os
import sys
import traceback
import urllib.request

URL = os.environ["CORRAL_URL"]
KEY = os.environ["CORRAL_KEY"]
WRONG_KEY = "crl_not_a_key"
MODEL = "qwen3:8b"
EMBEDDER = "nomic-embed-text"
QUESTION = [{"role": "user", "content": "Why is the sky blue?"}]


def _control(method, path, value=None):
    body = None if value is None else json.dumps(value).encode()
    request = urllib.request.Request(os.environ["CORRAL_FAKE"] + path, data=body, method=method)
    with urllib.request.urlopen(request) as response:
        response.read()


@contextlib.contextmanager
def fault(kind, **details):
    """The next requests meet this fault in the Ollama behind the gateway."""
    _control("POST", "/__fake/faults", {"kind": kind, **details})
    try:
        yield
    finally:
        _control("DELETE", "/__fake/faults")


@contextlib.contextmanager
def raises(*kinds):
    """What stands inside must raise one of these; `.error` of the yielded object is what was raised."""

    class Raised:
        error = None

    raised = Raised()
    try:
        yield raised
    except kinds as error:
        raised.error = error
        return
    raise AssertionError(f"nothing was raised, wanted {' or '.join(kind.__name__ for kind in kinds)}")


def run(functions):
    """Runs every test_* in the given globals."""
    for name, function in list(functions.items()):
        if not name.startswith("test_"):
            continue
        result = {"name": name, "error": None}
        try:
            function()
        except Exception:
            result["error"] = traceback.format_exc()
        print(json.dumps(result), flush=True)
    sys.exit(0)
