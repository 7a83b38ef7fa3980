"""Bytes that no column can hold and no parser should take, by the place of a request that they are meant for."""

import json
from collections.abc import Mapping
from urllib.parse import quote

MARKER = "hunter2!hunter2"
"""What must never come back."""

Header = tuple[bytes, bytes]


def deep(levels: int) -> bytes:
    """JSON within JSON."""
    return b'{"metadata":' * levels + b"1" + b"}" * levels


JSON_BODIES: Mapping[str, bytes] = {
    "NUL": json.dumps({"target_user_id": f"{MARKER}\0"}).encode(),
    "raw NUL": b'{"target_user_id": "' + MARKER.encode() + b'\x00"}',
    "lone surrogate": b'{"target_user_id": "' + MARKER.encode() + b'\\ud800"}',
    "surrogate in a name": b'{"metadata": {"' + MARKER.encode() + b'\\udfff": 1}}',
    "huge integer": b'{"target_user_id": ' + b"9" * 4000 + b"}",
    "integer beyond a column": b'{"target_user_id": "x", "duration_seconds": 9223372036854775808}',
    "huge exponent": b'{"metadata": {"a": 1e999}}',
    "NaN": b'{"metadata": {"a": NaN}}',
    "deep": deep(40),
    "very deep": deep(4000),
    "deep list": b"[" * 30000,
    "duplicate keys": b'{"target_user_id": "a", "target_user_id": "' + MARKER.encode() + b'"}',
    "bad UTF-8": b'{"target_user_id": "' + MARKER.encode() + b'\xff\xfe"}',
    "overlong NUL": b'{"target_user_id": "\xc0\x80"}',
    "UTF-16": json.dumps({"target_user_id": MARKER}).encode("utf-16"),
    "byte order mark": b"\xef\xbb\xbf{}",
    "list": b'["' + MARKER.encode() + b'"]',
    "text": b'"' + MARKER.encode() + b'"',
    "null": b"null",
    "cut off": b'{"target_user_id": "' + MARKER.encode(),
    "unknown member": b'{"target_user_id": "x", "' + MARKER.encode() + b'": 1}',
    "wrong types": b'{"target_user_id": ["' + MARKER.encode() + b'"], "duration_seconds": "' + MARKER.encode() + b'"}',
    "far future": b'{"target_user_id": "x", "expires_at": "9999-12-31T23:59:59-23:59"}',
    "far past": b'{"target_user_id": "x", "expires_at": "0001-01-01T00:00:00+23:59"}',
    "too large": b'{"reason": "' + b"a" * 70_000 + b'"}',
}

FORMS: Mapping[str, bytes] = {
    "NUL": b"grant_type=refresh_token&refresh_token=" + MARKER.encode() + b"%00",
    "raw NUL": b"grant_type=refresh_token&refresh_token=a\x00b",
    "surrogate": b"grant_type=refresh_token&refresh_token=%ED%A0%80" + MARKER.encode(),
    "bad UTF-8": b"grant_type=%FF" + MARKER.encode(),
    "raw bytes": b"grant_type=\xff\xfe",
    "broken escape": b"grant_type=refresh_token&refresh_token=%zz",
    "repeated": b"grant_type=refresh_token&grant_type=" + MARKER.encode(),
    "many": b"&".join(b"a%d=1" % number for number in range(2000)),
    "huge": b"grant_type=refresh_token&refresh_token=" + b"a" * 70_000,
    "long token": b"grant_type=refresh_token&client_id=x&refresh_token=" + b"a" * 20_000,
    "NUL in the client": b"grant_type=client_credentials&client_id=%00&client_secret=" + MARKER.encode(),
    "unknown grant": b"grant_type=" + MARKER.encode(),
    "nothing": b"",
}

SEGMENTS: Mapping[str, bytes] = {
    "NUL": b"%00" + MARKER.encode(),
    "surrogate": b"%ED%A0%80" + MARKER.encode(),
    "bad UTF-8": b"%FF" + MARKER.encode(),
    "raw bytes": b"\xff\xfe" + MARKER.encode(),
    "overlong": b"%C0%80",
    "huge integer": b"9" * 400,
    "integer beyond a column": b"2147483648",
    "another beyond it": b"9223372036854775808",
    "negative": b"-1",
    "digits that are none to ASCII": quote("١٢٣").encode(),
    "control characters": b"%01%1B" + MARKER.encode(),
    "slashes": b"..%2F..%2F" + MARKER.encode(),
    "blank": b"%20",
    "long": b"a" * 9000,
    "SQL": quote(f"' OR 1=1; DROP TABLE users; --{MARKER}").encode(),
    "braced UUID": b"%7B01890a5d-ac96-774b-bcce-b302099a8057%7D",
}

QUERIES: Mapping[str, bytes] = {
    "NUL": b"q=%00" + MARKER.encode(),
    "surrogate": b"q=%ED%A0%80",
    "bad UTF-8": b"impersonator=%FF" + MARKER.encode(),
    "huge limit": b"limit=" + b"9" * 400,
    "limit beyond a column": b"limit=9223372036854775808",
    "no limit": b"limit=0",
    "unknown filter": MARKER.encode() + b"=1",
    "unknown value": b"status=" + MARKER.encode(),
    "repeated": b"status=active&status=ended&x=1",
    "year one": b"from=0001-01-01T00:00:00Z",
    "before the epoch": b"from=1969-12-31T23:59:59Z",
    "year 9999": b"to=9999-12-31T23:59:59-23:59&limit=0",
    "seconds before the epoch": b"from=-62135596800",
    "seconds beyond dates": b"to=99999999999999999999",
    "bad cursor": b"cursor=" + MARKER.encode(),
    "cursor of another list": b"cursor=AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    "broken escape": b"q=%zz",
    "empty name": b"=1",
}

HEADERS: Mapping[str, Header] = {
    "NUL in a token": (b"authorization", b"Bearer \x00" + MARKER.encode()),
    "bytes in a token": (b"authorization", b"Bearer \xff\xfe" + MARKER.encode()),
    "long token": (b"authorization", b"Bearer " + b"a" * 20_000),
    "too long": (b"authorization", b"Bearer " + b"a" * 40_000),
    "deep claims": (b"authorization", b"Bearer e30." + b"W" * 8000 + b".e30"),
    "bytes in a cookie": (b"cookie", b"auth_token=\xff" + MARKER.encode()),
    "NUL in a cookie": (b"cookie", b"auth_token=\x00"),
    "NUL in the agent": (b"user-agent", b"\x00"),
    "long length": (b"content-length", b"9" * 5000),
}
