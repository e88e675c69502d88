"""Claims about API Gateway, Cognito and AWS WAF."""

from __future__ import annotations

from ops.proof.claim import Claim

_GUIDE = "https://docs.aws.amazon.com/apigateway/latest/developerguide"
_PATCH = "local/inside/patches/api_gateway.py"

CLAIMS = (
    Claim(
        id="api-key-identity",
        says="A function is told the id of the API key that was used.",
        said=(f"{_PATCH}#api_key_identity", "docs/security/access.md"),
        expected="requestContext.identity.apiKeyId is the key's id on /partner, null elsewhere.",
        look="Log the event of one request with a key and of one with a token.",
        sources=(f"{_GUIDE}/set-up-lambda-proxy-integrations.html",),
        patches=("api_key_identity",),
    ),
    Claim(
        id="api-key-switched-off",
        says="A key that UpdateApiKey has switched off is refused from then on.",
        said=(f"{_PATCH}#api_key_switch", "SECURITY.md"),
        expected="403 within a minute of `orders partners disable`.",
        look="Disable a partner, then ask with its key every second.",
        sources=("https://docs.aws.amazon.com/apigateway/latest/api/API_UpdateApiKey.html",),
        patches=("api_key_switch",),
    ),
    Claim(
        id="client-path",
        says="requestContext.path is the path of the client's request, with the stage in it.",
        said=(f"{_PATCH}#client_path",),
        expected="Location of a placed order resolves, at AWS's address and at a domain's.",
        look="Place an order at both, and GET its Location.",
        sources=(f"{_GUIDE}/set-up-lambda-proxy-integrations.html",),
        patches=("client_path",),
    ),
    Claim(
        id="validation-error-text",
        says="$context.error.validationErrorString names the faults of a request body.",
        said=(f"{_PATCH}#validation_errors", "docs/api/problems.md"),
        expected="A 400 is valid JSON, whatever characters the body's faults have.",
        look="Send a body whose unknown field has quotes and a backslash in its name.",
        sources=(f"{_GUIDE}/api-gateway-mapping-template-reference.html",),
        patches=("validation_errors",),
    ),
    Claim(
        id="failed-function",
        says="A function that fails, or answers what is no proxy response, is a 502.",
        said=(f"{_PATCH}#function_failures", "docs/api/problems.md"),
        expected="502 as problem+json that tells nothing of the failure.",
        look="Call a function whose environment lacks a variable.",
        sources=(f"{_GUIDE}/handle-errors-in-lambda-integration.html",),
        patches=("function_failures",),
    ),
    Claim(
        id="gateway-traces",
        says="A stage with tracing continues the trace of a request's header, or begins one.",
        said=(f"{_PATCH}#traced_stages", "docs/tracing.md#what-is-traced"),
        expected="The function's trace is that of the header, and the answer carries it.",
        look="Send X-Amzn-Trace-Id with Sampled=1, and ask X-Ray for that trace.",
        sources=(f"{_GUIDE}/apigateway-xray.html",),
        patches=("traced_stages",),
    ),
    Claim(
        id="gateway-metrics",
        says="AWS/ApiGateway has Count, 4XXError, 5XXError and latencies by ApiName and Stage.",
        said=("local/inside/patches/api_gateway_metrics.py#gateway_figures", "docs/metrics.md"),
        expected="As many in Count as requests were sent.",
        look="Send a hundred requests, and get the metric after three minutes.",
        sources=(f"{_GUIDE}/api-gateway-metrics-and-dimensions.html",),
        patches=("gateway_figures",),
    ),
    Claim(
        id="access-log",
        says='Each request is a line of the access log, with "-" for what has no value.',
        said=("local/inside/patches/api_gateway_metrics.py#access_logs", "docs/metrics.md"),
        expected="Each line is valid JSON, of refused requests too.",
        look="Send one request of each kind, and read the log group.",
        sources=(f"{_GUIDE}/set-up-logging.html",),
        patches=("access_logs",),
    ),
    Claim(
        id="gateway-quotas",
        says="A Region lets 10,000 requests a second through, 5,000 at once.",
        said=("docs/performance/scale.md",),
        expected="`orders doctor` shows them; a new account may have less.",
        look="apigateway get-account.",
        sources=(f"{_GUIDE}/limits.html",),
    ),
    Claim(
        id="id-token-without-scopes",
        says="A Cognito authorizer without scopes takes identity tokens and refuses access tokens.",
        said=("docs/api/orders.md",),
        expected="401 with an access token, 200 with the identity token.",
        look="Sign in, and send both.",
        sources=(f"{_GUIDE}/apigateway-enable-cognito-user-pool.html",),
    ),
    Claim(
        id="groups-in-claims",
        says="cognito:groups arrives as one string, its groups parted by commas.",
        said=("docs/security/access.md",),
        expected="An operator in two groups is an operator.",
        look="Put a person into `operators` and another group, and list all orders.",
        sources=(f"{_GUIDE}/apigateway-enable-cognito-user-pool.html",),
    ),
    Claim(
        id="firewall-blocks",
        says="AWS WAF's rules and our rates refuse with 403, which is answered as a problem.",
        said=("SECURITY.md", "docs/decisions/0007-defence-in-depth.md"),
        expected="403 problem+json for a known attack, 200 for the longest order that is allowed.",
        look="Send one of each to a stage with a firewall.",
        sources=(f"{_GUIDE}/apigateway-control-access-aws-waf.html",),
    ),
)
