"""Who is who in the examples, and what they hold: Ada, of support, looks into Carol's account for a while."""

from typing import Any

Example = dict[str, Any]

ADA = "019aa5e2-0001-7c3e-9b1a-2f6f0d1c9e11"
CAROL = "019aa5e2-0003-7c3e-9b1a-2f6f0d1c9e11"
SESSION = "019aa5e2-7b0c-7c3e-9b1a-2f6f0d1c9e11"
WORKSPACE = "019aa5e2-0005-7c3e-9b1a-2f6f0d1c9e11"
ISSUER = "https://impersonator.example"

BEGIN, END = "2026-11-21T10:00:00Z", "2026-11-21T10:30:00Z"
STOPPED = "2026-11-21T10:12:30Z"
BEGIN_EPOCH, END_EPOCH = 1795255200, 1795257000

ACCESS_TOKEN = "eyJhbGciOiJFUzI1NiIsImtpZCI6Ik56YkxzWGg4…"  # noqa: S105  # the beginning of one
REFRESH_TOKEN = "eyJhbGciOiJFUzI1NiIsInR5cCI6InJlZnJlc2gi…"  # noqa: S105  # likewise

REDIRECT_URI = "https://dashboard.example/callback"
HANDOVER = "urn:impersonator:params:oauth:grant-type:handover"
HANDOVER_CODE = "LJdlIUCEgt0sPd38_dkvFDKGDWpR9ES7ybI77Z2uXN0"
HANDOVER_URL = f"{REDIRECT_URI}#handover_code={HANDOVER_CODE}"
HANDED_OVER_BY = "2026-11-21T10:01:00Z"

ASSERTION = "eyJhbGciOiJFUzI1NiIsImtpZCI6IlNfa0hWdFZ3…"

ACT = {"sub": ADA, "iss": ISSUER, "amr": ["pwd", "otp"]}
