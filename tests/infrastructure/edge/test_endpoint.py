"""Where the API is reached, and how securely."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.session import get_session

from tests.infrastructure.conftest import DOMAIN

if TYPE_CHECKING:
    from tests.infrastructure.conftest import Template


def test_old_tls_is_refused(template: Template) -> None:
    """AWS's own address takes TLS 1.2 and 1.3 only; left to itself it would take 1.0."""
    api = template.one("ApiGateway::RestApi")
    assert api["SecurityPolicy"] == "SecurityPolicy_TLS13_1_2_PQ_2025_09"
    # API Gateway wants it beside every policy of this family.
    assert api["EndpointAccessMode"] == "BASIC"


def test_the_policies_are_ones_that_aws_knows(hardened: Template) -> None:
    """No checker knows the names of TLS policies; AWS's own client does."""
    known = get_session().get_service_model("apigateway").shape_for("SecurityPolicy")
    used = [
        part["SecurityPolicy"]
        for kind in ("ApiGateway::RestApi", "ApiGateway::DomainName")
        for _, part in hardened.all(kind)
    ]
    assert len(used) == 2
    assert set(used) <= set(known.metadata["enum"])


def test_without_a_domain_the_address_is_aws_s(prod: Template) -> None:
    """A stage without a domain is reached at API Gateway's own address."""
    assert not list(prod.all("ApiGateway::DomainName"))
    assert "DisableExecuteApiEndpoint" not in prod.one("ApiGateway::RestApi")
    assert "DomainTarget" not in prod.document["Outputs"]


def test_a_domain_of_your_own_is_the_only_way_in(hardened: Template) -> None:
    """With a domain AWS's address is closed, so nothing that guards the domain can be avoided."""
    assert hardened.one("ApiGateway::RestApi")["DisableExecuteApiEndpoint"] is True
    domain = hardened.one("ApiGateway::DomainName")
    assert domain["DomainName"] == DOMAIN.name
    assert domain["SecurityPolicy"] == "TLS_1_2"
    assert domain["EndpointConfiguration"] == {"Types": ["REGIONAL"]}
    parts = domain["RegionalCertificateArn"]["Fn::Join"][1]
    assert parts[-1].endswith(f":certificate/{DOMAIN.certificate_id}")


def test_the_domain_leads_to_the_stage_without_a_prefix(hardened: Template) -> None:
    """The domain's paths are the API's: /orders, without a stage in front."""
    mapping = hardened.one("ApiGateway::BasePathMapping")
    stage, _ = next(hardened.all("ApiGateway::Stage"))
    assert mapping["Stage"] == {"Ref": stage}
    assert "BasePath" not in mapping


def test_the_outputs_say_where_to_go(hardened: Template) -> None:
    """The stack tells its address, and what the domain's DNS record must point to."""
    outputs = hardened.document["Outputs"]
    assert outputs["ApiUrl"]["Value"] == f"https://{DOMAIN.name}"
    name, attribute = outputs["DomainTarget"]["Value"]["Fn::GetAtt"]
    assert (name.startswith("AddressDomain"), attribute) == (True, "RegionalDomainName")


def test_the_template_holds_no_account_number(hardened: Template) -> None:
    """Even with a certificate in its settings a template can be shown to anybody."""
    assert "111122223333" not in str(hardened.document)
