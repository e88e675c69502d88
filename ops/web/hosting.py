"""The web client's files where they are hosted: a bucket behind CloudFront, and config.json.

What a page asks for goes first and the page last, so that nobody meets one whose files are not
there. What earlier pages ask for stays: a tab that is open goes on.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from infrastructure import outputs
from infrastructure.edge.web_headers import ASK_FIRST, FOR_EVER

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from infrastructure.settings import Settings

CONFIG, PAGE, ASSETS = "config.json", "index.html", "assets/"
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}
"""What each kind of file is."""

_TRACES = (
    "https://{region}.console.aws.amazon.com/cloudwatch/home?region={region}#xray:traces/query"
    "?~(query~(expression~'annotation.orderId*20*3d*20*22{{orderId}}*22))"
)
_AT_ONCE = 1_000


def config_of(settings: Settings, found: Mapping[str, str]) -> dict[str, Any]:
    """Say to the page where everything of a stage is.

    Args:
        settings: the stage's.
        found: the outputs of its stack.
    """
    web_client = settings.web_client
    return {
        "apiUrl": found[outputs.API_URL],
        "menuUrl": web_client.menu_url if web_client else None,
        "userPoolId": found[outputs.USER_POOL_ID],
        "userPoolClientId": found[outputs.USER_POOL_CLIENT_ID],
        "cognitoUrl": None,
        "traceUrl": _TRACES.format(region=settings.region),
        "traceIsPage": True,
        "people": [],
    }


def publish(s3: Any, bucket: str, folder: Path, config: Mapping[str, Any]) -> int:
    """Put the files where they are hosted; gives how many.

    Args:
        s3: boto3's client.
        bucket: where they go.
        folder: where `ops.web.bundle` has built them.
        config: what the page reads first.

    Raises:
        ClientError: when AWS refuses one.
    """
    files = {str(path.relative_to(folder)): path for path in folder.rglob("*") if path.is_file()}
    page = files.pop(PAGE)
    for name, path in sorted(files.items()):
        kept = FOR_EVER if name.startswith(ASSETS) else ASK_FIRST
        _put(s3, bucket, name, path.read_bytes(), kept)
    _put(s3, bucket, CONFIG, json.dumps(config, indent=2).encode(), ASK_FIRST)
    _put(s3, bucket, PAGE, page.read_bytes(), ASK_FIRST)
    return len(files) + len((CONFIG, PAGE))


def empty(s3: Any, bucket: str) -> None:
    """Take all files away: CloudFormation removes no bucket that holds something.

    Raises:
        ClientError: when AWS refuses it.
    """
    for page in s3.get_paginator("list_objects_v2").paginate(
        Bucket=bucket, PaginationConfig={"PageSize": _AT_ONCE}
    ):
        if keys := [{"Key": found["Key"]} for found in page.get("Contents", ())]:
            s3.delete_objects(Bucket=bucket, Delete={"Objects": keys, "Quiet": True})


def _put(s3: Any, bucket: str, name: str, body: bytes, kept: str) -> None:
    kind = TYPES["." + name.rpartition(".")[2]]
    s3.put_object(Bucket=bucket, Key=name, Body=body, ContentType=kind, CacheControl=kept)
