"""Faults of the REST API."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.mutation.fault import add, fault, fault_in, id_of, method, remove

if TYPE_CHECKING:
    from tests.infrastructure.conftest import Template


@fault
def nobody_asks_for_a_token(template: Template) -> None:
    """Anybody lists orders: the function gets no claims, and must not be the only guard."""
    listing = method(template, "list_orders")
    listing["AuthorizationType"] = "NONE"
    del listing["AuthorizerId"]


@fault
def authorizer_that_is_not_used(template: Template) -> None:
    """The method names its authorizer, and is open all the same."""
    method(template, "get_order")["AuthorizationType"] = "NONE"


@fault
def authorizer_that_is_gone(template: Template) -> None:
    """Methods ask an authorizer that is not there: the template does not deploy."""
    remove(template, "ApiGateway::Authorizer")


@fault
def token_from_the_query(template: Template) -> None:
    """Tokens stand in addresses, and so in logs and histories."""
    authorizer = template.one("ApiGateway::Authorizer")
    authorizer["IdentitySource"] = "method.request.querystring.token"


@fault
def token_of_another_pool(template: Template) -> None:
    """People of another user pool sign in."""
    pool = "arn:aws:cognito-idp:us-east-1:444455556666:userpool/us-east-1_Stranger"
    template.one("ApiGateway::Authorizer")["ProviderARNs"] = [pool]


@fault
def no_key_asked_for(template: Template) -> None:
    """Anybody places orders as a partner, beyond every plan and quota."""
    method(template, "partner_create_order")["ApiKeyRequired"] = False


@fault
def key_from_an_authorizer(template: Template) -> None:
    """API Gateway looks for the key where none is, and refuses every partner."""
    template.one("ApiGateway::RestApi")["ApiKeySourceType"] = "AUTHORIZER"


@fault
def no_validator(template: Template) -> None:
    """The function starts for every nonsense that anybody sends."""
    del method(template, "create_order")["RequestValidatorId"]


@fault
def validator_that_checks_no_bodies(template: Template) -> None:
    """Bodies reach the function unchecked."""
    template.one("ApiGateway::RequestValidator")["ValidateRequestBody"] = False


@fault
def validator_that_checks_no_parameters(template: Template) -> None:
    """What is one day required of a request would not be looked at."""
    template.one("ApiGateway::RequestValidator")["ValidateRequestParameters"] = False


@fault
def header_asked_for_with_case(template: Template) -> None:
    """API Gateway refuses every browser: HTTP/2 sends the header's name in lower case."""
    create = method(template, "create_order")
    create["RequestParameters"] = {"method.request.header.Idempotency-Key": True}


@fault
def unknown_routes_by_signature(template: Template) -> None:
    """An unknown route with a token answers 403, about a signature that nobody has made."""
    template.one("ApiGateway::Method", "ApiRestApiproxyANY")["HttpMethod"] = "POST"


@fault
def unknown_method_that_is_open(template: Template) -> None:
    """A method that no route has reaches a function, without a token."""
    opened = method(template, "get_order")["Integration"]
    for _, other in template.all("ApiGateway::Method"):
        if other["HttpMethod"] == "ANY":
            other["Integration"] = opened


@fault
def bursts_above_the_reservation(template: Template) -> None:
    """Callers that are only too quick get 500, for Lambda refuses them at once."""
    for limit in template.one("ApiGateway::Stage")["MethodSettings"]:
        if limit["HttpMethod"] == "POST":
            limit["ThrottlingBurstLimit"] = 200


@fault
def challenge_forgotten(template: Template) -> None:
    """Clients that ask how to sign in are not told."""
    for _, response in template.all("ApiGateway::GatewayResponse"):
        response["ResponseParameters"].pop("gatewayresponse.header.WWW-Authenticate", None)


@fault
def body_without_its_model(template: Template) -> None:
    """The validator has nothing to check the body by."""
    del method(template, "create_order")["RequestModels"]


@fault
def body_of_another_model(template: Template) -> None:
    """Every customer's order is refused, for it lacks what a partner's has."""
    other = method(template, "partner_create_order")["RequestModels"]["application/json"]
    method(template, "create_order")["RequestModels"]["application/json"] = other


@fault
def model_that_refuses_without_a_name(template: Template) -> None:
    """A list in place of an order is refused, and nobody is told what is wrong with it."""
    template.one("ApiGateway::Model", "ApiRestApiNewOrder")["Schema"]["type"] = "object"


@fault
def model_that_refuses_good_orders(template: Template) -> None:
    """A field that customers may leave out is wanted of them."""
    template.one("ApiGateway::Model", "ApiRestApiNewOrder")["Schema"]["required"] = ["note"]


@fault
def cors_for_every_origin(template: Template) -> None:
    """Any page on the web calls the API with its visitor's browser."""
    preflight = template.one("ApiGateway::Method", "ApiRestApiordersOPTIONS")
    (answer,) = preflight["Integration"]["IntegrationResponses"]
    answer["ResponseParameters"]["method.response.header.Access-Control-Allow-Origin"] = "'*'"


@fault
def cors_for_every_origin_in_errors(template: Template) -> None:
    """Any page reads what API Gateway answers by itself."""
    response = template.one("ApiGateway::GatewayResponse", "ApiRestApiProblemTHROTTLED")
    parameters = response["ResponseParameters"]
    parameters["gatewayresponse.header.Access-Control-Allow-Origin"] = "'*'"


@fault
def preflight_that_is_missing(template: Template) -> None:
    """No page can change an order: the browser asks first, and gets a 403."""
    remove(template, "ApiGateway::Method", "ApiRestApiordersorderIdOPTIONS")


@fault
def preflight_without_the_token(template: Template) -> None:
    """No page can send a token: the browser does not let the header pass."""
    preflight = template.one("ApiGateway::Method", "ApiRestApiordersOPTIONS")
    (answer,) = preflight["Integration"]["IntegrationResponses"]
    header = "method.response.header.Access-Control-Allow-Headers"
    allowed = answer["ResponseParameters"][header]
    answer["ResponseParameters"][header] = allowed.replace("Authorization,", "")


@fault
def cors_of_another_origin(template: Template) -> None:
    """The health answer names an origin that is not the stage's."""
    (answer,) = method(template, "health")["Integration"]["IntegrationResponses"]
    header = "method.response.header.Access-Control-Allow-Origin"
    answer["ResponseParameters"][header] = "'https://evil.example.net'"


@fault
def errors_of_another_form(template: Template) -> None:
    """API Gateway's own text answers instead of a problem."""
    remove(template, "ApiGateway::GatewayResponse", "ApiRestApiProblemQUOTAEXCEEDED")


@fault
def errors_that_are_no_json(template: Template) -> None:
    """A comma too many: no client can read the answer to a wrong request."""
    response = template.one("ApiGateway::GatewayResponse", "ApiRestApiProblemBADREQUESTBODY")
    text = response["ResponseTemplates"]["application/json"]
    response["ResponseTemplates"]["application/json"] = text.replace("}", ",}")


@fault
def errors_that_tell_too_much(template: Template) -> None:
    """An error shows the caller what is inside."""
    response = template.one("ApiGateway::GatewayResponse", "ApiRestApiProblemDEFAULT5XX")
    response["ResponseTemplates"]["application/json"] = '{"detail":$context.error.messageString}'


@fault
def errors_of_another_status(template: Template) -> None:
    """A throttled client is told that all went well, and does not come again."""
    response = template.one("ApiGateway::GatewayResponse", "ApiRestApiProblemTHROTTLED")
    response["StatusCode"] = "200"


@fault
def tls_of_yesterday(template: Template) -> None:
    """Browsers and servers with broken encryption are let in."""
    template.one("ApiGateway::RestApi")["SecurityPolicy"] = "TLS_1_0"


@fault
def bodies_in_the_logs(template: Template) -> None:
    """Addresses and telephone numbers stand in the execution logs."""
    settings = template.one("ApiGateway::Stage")["MethodSettings"][0]
    settings["DataTraceEnabled"] = True


@fault
def addresses_in_the_logs(template: Template) -> None:
    """Callers' addresses stand in the access logs."""
    setting = template.one("ApiGateway::Stage")["AccessLogSetting"]
    fields = {**json.loads(setting["Format"]), "ip": "$context.identity.sourceIp"}
    setting["Format"] = json.dumps(fields)


@fault
def access_logs_without_a_reason(template: Template) -> None:
    """Nobody can tell why the gateway refused a request."""
    setting = template.one("ApiGateway::Stage")["AccessLogSetting"]
    fields = json.loads(setting["Format"])
    del fields["integrationError"]
    setting["Format"] = json.dumps(fields)


@fault
def access_logs_that_are_no_json(template: Template) -> None:
    """No query can read the access logs."""
    setting = template.one("ApiGateway::Stage")["AccessLogSetting"]
    setting["Format"] = setting["Format"].replace('"$context.status"', "$context.status")


@fault
def no_access_logs(template: Template) -> None:
    """Nobody can tell who called what, and with which answer."""
    del template.one("ApiGateway::Stage")["AccessLogSetting"]


@fault
def no_role_for_access_logs(template: Template) -> None:
    """API Gateway refuses a stage with logs in an account where it may not write any."""
    remove(template, "ApiGateway::Account")


@fault
def no_throttle(template: Template) -> None:
    """One caller takes everybody's share, and runs up the bill."""
    del template.one("ApiGateway::Stage")["MethodSettings"]


@fault
def no_throttle_for_orders(template: Template) -> None:
    """Placing orders, which costs most, has no limit of its own."""
    settings = template.one("ApiGateway::Stage")["MethodSettings"]
    settings[:] = [setting for setting in settings if setting["HttpMethod"] == "*"]


@fault
def throttle_below_lunch(template: Template) -> None:
    """A hundred customers at one moment are turned away."""
    template.one("ApiGateway::Stage")["MethodSettings"][1]["ThrottlingBurstLimit"] = 10


@fault
def throttle_of_a_path_that_is_not_there(template: Template) -> None:
    """The limit is for another path: the real one has none."""
    template.one("ApiGateway::Stage")["MethodSettings"][1]["ResourcePath"] = "/~1order"


@fault
def plan_without_a_throttle(template: Template) -> None:
    """One partner takes everybody's share."""
    del template.one("ApiGateway::UsagePlan", "ApiRestApiPlanstandard")["Throttle"]


@fault
def plan_without_a_quota(template: Template) -> None:
    """A partner's runaway loop has no end."""
    del template.one("ApiGateway::UsagePlan", "ApiRestApiPlanstandard")["Quota"]


@fault
def plan_of_no_stage(template: Template) -> None:
    """Keys on this plan open nothing: each partner gets a 403."""
    template.one("ApiGateway::UsagePlan", "ApiRestApiPlanstandard")["ApiStages"] = []


@fault
def plan_by_the_month(template: Template) -> None:
    """A partner that uses up its quota waits for the month's end."""
    plan = template.one("ApiGateway::UsagePlan", "ApiRestApiPlanpremium")
    plan["Quota"]["Period"] = "MONTH"


@fault
def stage_without_a_deployment(template: Template) -> None:
    """The stage serves nothing."""
    del template.one("ApiGateway::Stage")["DeploymentId"]


@fault
def stage_of_another_name(template: Template) -> None:
    """Every client calls an address that is gone."""
    template.one("ApiGateway::Stage")["StageName"] = "v2"


@fault
def deployment_before_a_method(template: Template) -> None:
    """The deployment may be made before the method, which is then answered by a 403."""
    name = id_of(template, "ApiGateway::Deployment")
    late = id_of(template, "ApiGateway::Method", "ApiRestApipartnerordersorderIdPATCH")
    template.document["Resources"][name]["DependsOn"].remove(late)


@fault
def deployment_before_an_error(template: Template) -> None:
    """The deployment may be made before the form of an error, which then has API Gateway's."""
    name = id_of(template, "ApiGateway::Deployment")
    late = id_of(template, "ApiGateway::GatewayResponse", "ApiRestApiProblemTHROTTLED")
    template.document["Resources"][name]["DependsOn"].remove(late)


@fault
def call_by_get(template: Template) -> None:
    """API Gateway calls functions by POST only: every list ends in a 500."""
    method(template, "list_orders")["Integration"]["IntegrationHttpMethod"] = "GET"


@fault
def call_of_another_function(template: Template) -> None:
    """Who changes an order calls what reads one."""
    getting = method(template, "get_order")["Integration"]["Uri"]
    method(template, "update_order")["Integration"]["Uri"] = getting


@fault
def call_without_proxy(template: Template) -> None:
    """The function gets a body without its request, and its answer is not understood."""
    method(template, "get_order")["Integration"]["Type"] = "AWS"


@fault
def call_that_waits_too_long(template: Template) -> None:
    """API Gateway refuses to wait longer than its quota of 29 seconds."""
    method(template, "create_order")["Integration"]["TimeoutInMillis"] = 60_000


@fault
def health_that_asks_a_function(template: Template) -> None:
    """Anybody starts a function, as often as they like."""
    placing = method(template, "create_order")["Integration"]
    method(template, "health")["Integration"] = placing


@fault
def method_that_nobody_knows(template: Template) -> None:
    """An open DELETE was added to orders."""
    getting = method(template, "get_order")
    deleting = {**getting, "HttpMethod": "DELETE", "AuthorizationType": "NONE"}
    del deleting["AuthorizerId"]
    add(template, "Delete", "ApiGateway::Method", {**deleting, "OperationName": "delete_order"})


@fault
def path_with_a_slip(template: Template) -> None:
    """The API answers at /order, where no client asks."""
    template.one("ApiGateway::Resource", "ApiRestApiorders4A880D02")["PathPart"] = "order"


@fault
def traces_off_at_the_door(template: Template) -> None:
    """No request is traced from its beginning."""
    template.one("ApiGateway::Stage")["TracingEnabled"] = False


@fault
def binary_bodies(template: Template) -> None:
    """Bodies reach the functions in base64, which they do not expect."""
    template.one("ApiGateway::RestApi")["BinaryMediaTypes"] = ["*/*"]


@fault
def cache_of_other_peoples_orders(template: Template) -> None:
    """API Gateway answers a caller with what another one asked for."""
    stage = template.one("ApiGateway::Stage")
    stage.update(CacheClusterEnabled=True, CacheClusterSize="0.5")
    stage["MethodSettings"][0]["CachingEnabled"] = True


@fault
def api_behind_a_policy(template: Template) -> None:
    """Only one network reaches the API."""
    condition = {"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}
    allowed = {"Effect": "Allow", "Principal": "*", "Action": "execute-api:Invoke"}
    statement = {**allowed, "Resource": "*", "Condition": condition}
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    template.one("ApiGateway::RestApi")["Policy"] = policy


@fault_in("prod-hardened")
def way_around_the_domain(template: Template) -> None:
    """AWS's own address stays open beside the domain."""
    del template.one("ApiGateway::RestApi")["DisableExecuteApiEndpoint"]


@fault_in("prod-hardened")
def domain_with_yesterdays_tls(template: Template) -> None:
    """Broken encryption is let in at the domain."""
    template.one("ApiGateway::DomainName")["SecurityPolicy"] = "TLS_1_0"


@fault
def firewall_before_nothing(template: Template) -> None:
    """The firewall is paid for and guards nothing."""
    remove(template, "WAFv2::WebACLAssociation", "FirewallAssociation")


@fault
def firewall_not_before_sign_in(template: Template) -> None:
    """One machine signs up thousands, each of whom is paid for."""
    remove(template, "WAFv2::WebACLAssociation", "FirewallSignIn")


@fault
def firewall_that_logs_everybody(template: Template) -> None:
    """Every customer's address stands in a log."""
    template.one("WAFv2::LoggingConfiguration")["LoggingFilter"]["DefaultBehavior"] = "KEEP"


@fault
def sign_up_counted_by_the_wrong_name(template: Template) -> None:
    """The rule for sign-up looks for an operation that Cognito has not, and never blocks."""
    (rule,) = (
        rule for rule in template.one("WAFv2::WebACL")["Rules"] if rule["Name"] == "MailAddress"
    )
    match = rule["Statement"]["RateBasedStatement"]["ScopeDownStatement"]["RegexMatchStatement"]
    match["RegexString"] = "^CognitoIdentityProvider[.]SignUp$"


@fault
def firewall_that_only_counts(template: Template) -> None:
    """Known attacks are counted, and let in."""
    rules = template.one("WAFv2::WebACL")["Rules"]
    (rule,) = (rule for rule in rules if rule["Name"] == "AWSManagedRulesCommonRuleSet")
    rule["OverrideAction"] = {"Count": {}}


@fault
def firewall_of_the_wrong_scope(template: Template) -> None:
    """A firewall for CloudFront cannot stand before an API."""
    template.one("WAFv2::WebACL")["Scope"] = "CLOUDFRONT"


@fault
def firewall_that_blocks_all(template: Template) -> None:
    """Nobody reaches the API."""
    template.one("WAFv2::WebACL")["DefaultAction"] = {"Block": {}}


@fault
def firewall_rules_of_equal_rank(template: Template) -> None:
    """WAF refuses two rules of one priority."""
    template.one("WAFv2::WebACL")["Rules"][1]["Priority"] = 0
