"""Where the web client is hosted, as the template defines it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.infrastructure.conftest import WEB_CLIENT

if TYPE_CHECKING:
    from tests.infrastructure.conftest import Template


@pytest.fixture
def distribution(hardened: Template) -> dict[str, Any]:
    found: dict[str, Any] = hardened.one("CloudFront::Distribution")["DistributionConfig"]
    return found


def test_a_stage_without_the_setting_has_nothing_of_it(dev: Template, prod: Template) -> None:
    """Nobody pays for hosting, or has a public domain more, who has not asked for it."""
    for template in (dev, prod):
        kinds = {one["Type"] for one in template.document["Resources"].values()}
        assert not [kind for kind in kinds if "CloudFront" in kind or "S3" in kind]
        assert not [name for name in template.document["Outputs"] if name.startswith("Web")]


def test_only_this_distribution_reads_the_bucket(hardened: Template) -> None:
    """Its files are reached by CloudFront alone: nothing of the bucket is public, TLS only."""
    (name, bucket), (of, _) = (
        next(hardened.all(kind)) for kind in ("S3::Bucket", "CloudFront::Distribution")
    )
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    denied, allowed = hardened.one("S3::BucketPolicy")["PolicyDocument"]["Statement"]
    assert (denied["Effect"], denied["Condition"]) == (
        "Deny",
        {"Bool": {"aws:SecureTransport": "false"}},
    )
    assert (allowed["Effect"], allowed["Action"]) == ("Allow", "s3:GetObject")
    assert allowed["Principal"] == {"Service": "cloudfront.amazonaws.com"}
    assert {"Ref": of} in allowed["Condition"]["StringEquals"]["AWS:SourceArn"]["Fn::Join"][1]
    assert {"Fn::GetAtt": [name, "Arn"]} in allowed["Resource"]["Fn::Join"][1]
    access = hardened.one("CloudFront::OriginAccessControl")["OriginAccessControlConfig"]
    assert access["SigningBehavior"] == "always"


def test_the_page_is_at_its_domain_by_tls(distribution: dict[str, Any]) -> None:
    """People reach it at the setting's name, compressed, by TLS 1.2 or later alone."""
    assert distribution["Aliases"] == [WEB_CLIENT.name]
    assert distribution["DefaultRootObject"] == "index.html"
    assert distribution["ViewerCertificate"]["MinimumProtocolVersion"] == "TLSv1.2_2021"
    behavior = distribution["DefaultCacheBehavior"]
    assert behavior["ViewerProtocolPolicy"] == "redirect-to-https"
    assert behavior["Compress"] is True
    parts = distribution["ViewerCertificate"]["AcmCertificateArn"]["Fn::Join"][1]
    assert parts[0].endswith(":acm:us-east-1:")
    assert parts[-1] == f":certificate/{WEB_CLIENT.domain.certificate_id}"


def test_what_gets_into_the_page_is_not_run(hardened: Template) -> None:
    """The page runs its own script alone, and asks the API, Cognito and the menu, nobody else."""
    config = hardened.one("CloudFront::ResponseHeadersPolicy")["ResponseHeadersPolicyConfig"]
    security = config["SecurityHeadersConfig"]
    policy = json.dumps(security["ContentSecurityPolicy"]["ContentSecurityPolicy"])
    assert "unsafe" not in policy
    for part in ("default-src 'none'", "script-src 'self'", "require-trusted-types-for 'script'"):
        assert part in policy
    asked = policy.partition("connect-src ")[2].partition(";")[0].split()
    assert asked == [
        "'self'",
        "https://api.orders.example.com",
        "https://cognito-idp.us-east-1.amazonaws.com",
        "https://menu.example.com",
    ]
    assert security["StrictTransportSecurity"]["AccessControlMaxAgeSec"] >= 31_536_000


def test_operators_are_told_where_it_is(hardened: Template) -> None:
    """What the DNS record points to, and where the files go, are outputs of the stack."""
    found = hardened.document["Outputs"]
    (bucket, _), (of, _) = (
        next(hardened.all(kind)) for kind in ("S3::Bucket", "CloudFront::Distribution")
    )
    assert found["WebClientUrl"]["Value"] == f"https://{WEB_CLIENT.name}"
    assert found["WebClientTarget"]["Value"] == {"Fn::GetAtt": [of, "DomainName"]}
    assert found["WebClientBucket"]["Value"] == {"Ref": bucket}
