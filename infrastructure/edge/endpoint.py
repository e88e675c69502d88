"""Where the API is reached: TLS 1.2 or later, at AWS's address or at a domain of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from aws_cdk import Stack
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_certificatemanager as acm
from constructs import Construct

if TYPE_CHECKING:
    from infrastructure.settings import Domain

DEFAULT_POLICY = "SecurityPolicy_TLS13_1_2_PQ_2025_09"
"""TLS 1.2 and 1.3 at AWS's address, which by default would take 1.0.

docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-security-policies-list.html
"""


class Address(Construct):
    """The API's address; `target` is what the DNS record of its own domain must point to."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        api: apigateway.RestApi,
        domain: Domain | None,
    ) -> None:
        """Set the address.

        Args:
            scope: the parent construct.
            construct_id: the id within it.
            api: the REST API.
            domain: its own domain, which replaces AWS's address; None for that.
        """
        super().__init__(scope, construct_id)
        resource = cast("apigateway.CfnRestApi", api.node.default_child)
        resource.security_policy = DEFAULT_POLICY
        resource.endpoint_access_mode = "BASIC"
        self.url = api.url.rstrip("/")
        self.target: str | None = None
        if domain is not None:
            resource.disable_execute_api_endpoint = True
            self.url = f"https://{domain.name}"
            self.target = self._domain_name(api, domain).domain_name_alias_domain_name

    def _domain_name(self, api: apigateway.RestApi, domain: Domain) -> apigateway.DomainName:
        # A domain's certificate is always in its own account and Region: no number is needed.
        certificate = Stack.of(self).format_arn(
            service="acm", resource="certificate", resource_name=domain.certificate_id
        )
        return apigateway.DomainName(
            self,
            "Domain",
            domain_name=domain.name,
            certificate=acm.Certificate.from_certificate_arn(self, "Certificate", certificate),
            endpoint_type=apigateway.EndpointType.REGIONAL,
            security_policy=apigateway.SecurityPolicy.TLS_1_2,
            mapping=api,
        )
