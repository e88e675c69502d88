"""Where the web client is hosted: files in a bucket that only CloudFront reads, at a domain.

The files are none of the template's: `orders deploy` puts them there (ops/web/hosting.py), so that
the stack needs no function of CDK's for it, with rights of its own and 30 MB of AWS's CLI.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Duration, RemovalPolicy, Stack
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_cloudfront as cloudfront
from aws_cdk import aws_cloudfront_origins as origins
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infrastructure.edge.web_headers import HEADERS, content_policy, origin_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from infrastructure.settings import WebClient

_A_YEAR = Duration.days(365)


class WebHosting(Construct):
    """A bucket and a distribution before it; `target` is what the DNS record must point to."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        web_client: WebClient,
        api_url: str,
        region: str,
    ) -> None:
        """Define both.

        Args:
            scope: the parent construct.
            construct_id: the id within it.
            web_client: the stage's.
            api_url: the API's address, which the page calls.
            region: of the user pool, which the page calls, too.
        """
        super().__init__(scope, construct_id)
        called = [origin_of(api_url), f"https://cognito-idp.{region}.amazonaws.com"]
        if web_client.menu_url:
            called.append(origin_of(web_client.menu_url))
        self.bucket = self._bucket()
        self.distribution = self._distribution(web_client, self._headers(called))
        self.url = f"https://{web_client.name}"
        self.target = self.distribution.distribution_domain_name

    def _bucket(self) -> s3.Bucket:
        return s3.Bucket(
            self,
            "Files",
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            encryption=s3.BucketEncryption.S3_MANAGED,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            enforce_ssl=True,
            # What is in it is built again at any time; `orders destroy` empties it.
            removal_policy=RemovalPolicy.DESTROY,
        )

    def _headers(self, called: Iterable[str]) -> cloudfront.ResponseHeadersPolicy:
        written = (
            "Permissions-Policy",
            "Cross-Origin-Opener-Policy",
            "Cross-Origin-Resource-Policy",
        )
        return cloudfront.ResponseHeadersPolicy(
            self,
            "Headers",
            security_headers_behavior=cloudfront.ResponseSecurityHeadersBehavior(
                content_security_policy=cloudfront.ResponseHeadersContentSecurityPolicy(
                    content_security_policy=content_policy(called), override=True
                ),
                content_type_options=cloudfront.ResponseHeadersContentTypeOptions(override=True),
                referrer_policy=cloudfront.ResponseHeadersReferrerPolicy(
                    referrer_policy=cloudfront.HeadersReferrerPolicy.NO_REFERRER, override=True
                ),
                strict_transport_security=cloudfront.ResponseHeadersStrictTransportSecurity(
                    access_control_max_age=_A_YEAR, override=True
                ),
            ),
            custom_headers_behavior=cloudfront.ResponseCustomHeadersBehavior(
                custom_headers=[
                    cloudfront.ResponseCustomHeader(header=name, value=HEADERS[name], override=True)
                    for name in written
                ]
            ),
        )

    def _distribution(
        self, web_client: WebClient, headers: cloudfront.ResponseHeadersPolicy
    ) -> cloudfront.Distribution:
        # CloudFront takes certificates of us-east-1 alone, and always the account's own.
        certificate = Stack.of(self).format_arn(
            service="acm",
            region="us-east-1",
            resource="certificate",
            resource_name=web_client.domain.certificate_id,
        )
        return cloudfront.Distribution(
            self,
            "Distribution",
            comment="The web client of the food-delivery orders",
            default_root_object="index.html",
            default_behavior=cloudfront.BehaviorOptions(
                origin=origins.S3BucketOrigin.with_origin_access_control(self.bucket),
                # Files say themselves how long they are kept; what says `no-cache` is asked for.
                cache_policy=cloudfront.CachePolicy.CACHING_OPTIMIZED,
                response_headers_policy=headers,
                viewer_protocol_policy=cloudfront.ViewerProtocolPolicy.REDIRECT_TO_HTTPS,
                allowed_methods=cloudfront.AllowedMethods.ALLOW_GET_HEAD,
                compress=True,
            ),
            domain_names=[web_client.name],
            certificate=acm.Certificate.from_certificate_arn(self, "Certificate", certificate),
            minimum_protocol_version=cloudfront.SecurityPolicyProtocol.TLS_V1_2_2021,
            http_version=cloudfront.HttpVersion.HTTP2_AND_3,
            price_class=cloudfront.PriceClass.PRICE_CLASS_100,
        )
