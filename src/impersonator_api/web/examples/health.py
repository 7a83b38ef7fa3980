"""How the service is."""

from impersonator_api.web.examples.story import Example

READY: Example = {"status": "ready", "checks": {"database": "ok", "schema": "ok", "keys": "ok"}}
NOT_READY: Example = {
    "status": "not ready",
    "checks": {"database": "does not answer", "schema": "unknown", "keys": "ok"},
}
