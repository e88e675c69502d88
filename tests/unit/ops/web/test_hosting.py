"""The web client's files, put where they are hosted."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from infrastructure.settings import STAGES, WebClient
from ops.web.hosting import config_of, empty, publish

if TYPE_CHECKING:
    from pathlib import Path

WEB_CLIENT = WebClient(
    name="orders.example.com",
    certificate_arn="arn:aws:acm:us-east-1:111122223333:certificate/0a1b2c3d",
    menu_url="https://menu.example.com/v2",
)
OUTPUTS = {
    "ApiUrl": "https://api.example/v1",
    "UserPoolId": "us-east-1_1",
    "UserPoolClientId": "client",
}


class Bucket:
    """A bucket that remembers what came, in its order; a page of its list has two objects."""

    def __init__(self) -> None:
        self.objects: dict[str, dict[str, Any]] = {}

    def put_object(self, *, Bucket: str, Key: str, **given: Any) -> None:  # noqa: N803 - boto3's
        assert Bucket == "b"
        self.objects[Key] = given

    def get_paginator(self, name: str) -> Bucket:
        assert name == "list_objects_v2"
        return self

    def paginate(self, **_: Any) -> list[dict[str, Any]]:
        keys = [{"Key": key} for key in self.objects]
        pages: list[dict[str, Any]] = [
            {"Contents": keys[i : i + 2]} for i in range(0, len(keys), 2)
        ]
        return pages or [{}]

    def delete_objects(self, *, Bucket: str, Delete: dict[str, Any]) -> None:  # noqa: N803
        assert Bucket == "b"
        for found in Delete["Objects"]:
            del self.objects[found["Key"]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "assets").mkdir()
    for name in (
        "index.html",
        "assets/main-1.js",
        "assets/style-1.css",
        "assets/icon-1.svg",
        "licences.txt",
    ):
        (tmp_path / name).write_text(name)
    return tmp_path


def test_the_page_comes_last(folder: Path) -> None:
    """Nobody meets a page whose files are not there yet; what older pages ask for stays."""
    bucket = Bucket()
    bucket.objects["assets/main-0.js"] = {}
    assert publish(bucket, "b", folder, {"apiUrl": "https://api"}) == 6
    assert list(bucket.objects)[-2:] == ["config.json", "index.html"]
    assert "assets/main-0.js" in bucket.objects


def test_how_long_browsers_keep_what(folder: Path) -> None:
    """What has a digest in its name is kept for ever, and all else is asked for each time."""
    bucket = Bucket()
    publish(bucket, "b", folder, {"apiUrl": "https://api"})
    kept = {name: given["CacheControl"] for name, given in bucket.objects.items()}
    assert {name for name, how in kept.items() if how == "no-cache"} == {
        "config.json",
        "index.html",
        "licences.txt",
    }
    assert set(kept.values()) == {"no-cache", "public, max-age=31536000, immutable"}
    types = {
        name.rpartition(".")[2]: given["ContentType"] for name, given in bucket.objects.items()
    }
    assert types["js"].startswith("text/javascript")
    assert json.loads(bucket.objects["config.json"]["Body"]) == {"apiUrl": "https://api"}


def test_the_page_is_told_where_everything_is() -> None:
    """It gets the stage's addresses, and nobody's password."""
    settings = replace(STAGES["prod"], web_client=WEB_CLIENT)
    config = config_of(settings, OUTPUTS)
    assert config["apiUrl"] == "https://api.example/v1"
    assert config["menuUrl"] == "https://menu.example.com/v2"
    assert (config["userPoolId"], config["userPoolClientId"]) == ("us-east-1_1", "client")
    assert config["cognitoUrl"] is None
    assert config["people"] == []
    assert config["traceIsPage"] is True
    assert config["traceUrl"].startswith("https://us-east-1.console.aws.amazon.com/cloudwatch/")
    assert "{orderId}" in config["traceUrl"]


def test_a_bucket_is_emptied_whole(folder: Path) -> None:
    """A stage can be removed however many files it hosts."""
    bucket = Bucket()
    publish(bucket, "b", folder, {})
    empty(bucket, "b")
    assert bucket.objects == {}
    empty(bucket, "b")
