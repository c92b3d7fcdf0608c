from __future__ import annotations

import json

from infra.constructs.http.public_api import OPEN
from tests.infra.synth import Deployment, Properties, name_of

API = "PublicApi"
# As the contract has them: who is no user yet, and whose proof is in the link
WITHOUT_A_TOKEN = {
    "/v1/subscriptions",
    "/v1/confirmations/{token}",
    "/v1/unsubscribe/{token}",
    "/v1/preferences/{token}",
    "/",
    "/v1/topics",
    "/v1/views/{token}",
    "/v1/health",
    "/openapi.json",
    "/docs",
}

# Links with something after the token, e.g. a slash: mail programs add it
LONGER = {f"/v1/{purpose}/{{proxy+}}" for purpose in ("confirmations", "unsubscribe", "preferences", "views")}


def routes(deployment: Deployment) -> dict[str, Properties]:
    return {made["RouteKey"]: made for made in deployment.service.of_api("AWS::ApiGatewayV2::Route", API)}


def stage(deployment: Deployment) -> Properties:
    (made,) = deployment.service.of_api("AWS::ApiGatewayV2::Stage", API)
    return made


def jwt(deployment: Deployment) -> Properties:
    (made,) = deployment.service.of_api("AWS::ApiGatewayV2::Authorizer", API)
    return made


def test_a_path_asks_for_a_token_unless_it_is_named_as_open(each: Deployment) -> None:
    open_paths = {key.split()[1] for key, route in routes(each).items() if route["AuthorizationType"] == "NONE"}
    assert open_paths == WITHOUT_A_TOKEN | LONGER
    assert OPEN.keys() == WITHOUT_A_TOKEN
    closed = [route for key, route in routes(each).items() if key.split()[1] not in open_paths]
    assert {route["RouteKey"].split()[1] for route in closed} == {"/{proxy+}"}
    assert all(route["AuthorizationType"] == "JWT" for route in closed)
    assert {name_of(route["AuthorizerId"], each) for route in closed} == {"PublicApiJwt"}


def test_a_wrong_method_reaches_the_function_which_says_so(each: Deployment) -> None:
    known = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"}
    for path in (*WITHOUT_A_TOKEN, "/{proxy+}"):
        methods = {key.split()[0] for key in routes(each) if key.split()[1] == path}
        assert methods in ({"ANY"}, known)


def test_the_gateway_itself_answers_a_preflight(full: Deployment) -> None:
    for path in ("/v1/subscriptions", "/v1/topics", "/{proxy+}"):
        assert not {f"ANY {path}", f"OPTIONS {path}"} & routes(full).keys()


def test_every_path_goes_to_one_function(each: Deployment) -> None:
    (integration,) = each.service.of_api("AWS::ApiGatewayV2::Integration", API)
    assert name_of(integration["IntegrationUri"], each) == "PublicApiFunction"
    assert integration["PayloadFormatVersion"] == "2.0"


def test_tokens_are_those_of_our_own_user_pool(dev: Deployment) -> None:
    assert jwt(dev)["IdentitySource"] == ["$request.header.Authorization"]
    assert [name_of(client, dev) for client in jwt(dev)["JwtConfiguration"]["Audience"]] == ["AccountsPoolClient"]
    scheme, pool = jwt(dev)["JwtConfiguration"]["Issuer"]["Fn::Join"][1]
    assert (scheme, name_of(pool, dev)) == ("https://", "AccountsPool")


def test_tokens_may_be_another_issuers(full: Deployment) -> None:
    configured = {"Issuer": "https://id.shop.example/", "Audience": ["app", "web"]}
    assert jwt(full)["JwtConfiguration"] == configured


def test_the_claim_that_names_the_user_is_the_deployers_choice(dev: Deployment, full: Deployment) -> None:
    for deployment, claim in ((dev, "sub"), (full, "user_id")):
        variables = deployment.service.function("public_api")["Environment"]["Variables"]
        assert variables["FANFARE_USER_ID_CLAIM"] == claim


def test_a_header_names_who_calls_where_the_deployer_says_which(dev: Deployment, prod: Deployment) -> None:
    for deployment, header in ((dev, None), (prod, "X-Real-IP")):
        variables = deployment.service.function("public_api")["Environment"]["Variables"]
        assert variables.get("FANFARE_SOURCE_HEADER") == header


def test_who_signs_up_is_throttled_most(dev: Deployment, full: Deployment) -> None:
    assert stage(dev)["DefaultRouteSettings"] == {"ThrottlingRateLimit": 100, "ThrottlingBurstLimit": 200}
    for deployment, rate, burst in ((dev, 5, 20), (full, 2, 4)):
        limits = {"ThrottlingRateLimit": rate, "ThrottlingBurstLimit": burst}
        assert stage(deployment)["RouteSettings"]["POST /v1/subscriptions"] == limits


def test_links_have_throttles_that_no_flood_elsewhere_uses_up(each: Deployment) -> None:
    own = {key: limits for key, limits in stage(each)["RouteSettings"].items() if key != "POST /v1/subscriptions"}
    purposes = ("unsubscribe", "confirmations", "preferences", "views")
    # the second is the route of a link to which a mail program added a slash
    assert own.keys() == {f"ANY /v1/{purpose}/{end}" for purpose in purposes for end in ("{token}", "{proxy+}")}
    assert all(limits == stage(each)["DefaultRouteSettings"] for limits in own.values())


def test_the_stage_waits_for_the_routes_that_it_throttles(dev: Deployment) -> None:
    (made,) = (
        made for id, made in dev.service.body["Resources"].items() if name_of({"Ref": id}, dev) == "PublicApiStage"
    )
    awaited = {dev.service.body["Resources"][id]["Properties"].get("RouteKey") for id in made["DependsOn"]}
    assert stage(dev)["RouteSettings"].keys() <= awaited


def test_a_signed_link_is_not_logged(each: Deployment) -> None:
    logged = json.loads(stage(each)["AccessLogSettings"]["Format"])
    assert logged["route"] == "$context.routeKey"
    assert not {"$context.path", "$context.identity.sourceIp"} & set(logged.values())


def test_no_page_of_another_origin_may_call_unless_it_is_named(dev: Deployment, full: Deployment) -> None:
    apis = {name: made.service.of_type("AWS::ApiGatewayV2::Api") for name, made in (("dev", dev), ("full", full))}
    assert not [api for api in apis["dev"].values() if "CorsConfiguration" in api]
    (cors,) = (api["CorsConfiguration"] for api in apis["full"].values() if "CorsConfiguration" in api)
    assert cors["AllowOrigins"] == ["https://app.shop.example", "http://localhost:5173"]
    assert set(cors["AllowMethods"]) == {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"}
    assert cors["AllowHeaders"] == ["authorization", "content-type"]
    assert not cors.get("AllowCredentials")


def test_links_lead_to_the_api_or_to_the_name_that_it_has(dev: Deployment, full: Deployment) -> None:
    told = dev.service.function("deliver-email")["Environment"]["Variables"]["FANFARE_PUBLIC_URL"]
    assert name_of(told, dev) == "PublicApi"
    assert told["Fn::GetAtt"][1] == "ApiEndpoint"
    told = full.service.function("deliver-email")["Environment"]["Variables"]["FANFARE_PUBLIC_URL"]
    assert told == full.service.body["Outputs"]["PublicApiUrl"]["Value"] == "https://notify.shop.example"


def test_one_permission_lets_the_api_call_its_function(each: Deployment) -> None:
    permissions = each.service.of_type("AWS::Lambda::Permission").values()
    callers = [name_of(made["FunctionName"], each) for made in permissions]
    assert callers.count("PublicApiFunction") == 1  # one for each route would fill the function's policy


def test_a_name_of_its_own_leads_to_the_stage(full: Deployment) -> None:
    domain = full.service.only("AWS::ApiGatewayV2::DomainName")
    assert domain["DomainName"] == "notify.shop.example"
    (configured,) = domain["DomainNameConfigurations"]
    assert configured["CertificateArn"].startswith("arn:aws:acm:eu-west-1:")
    assert (configured["EndpointType"], configured["SecurityPolicy"]) == ("REGIONAL", "TLS_1_2")
    mapping = full.service.only("AWS::ApiGatewayV2::ApiMapping")
    assert (name_of(mapping["ApiId"], full), mapping["Stage"]) == ("PublicApi", "$default")
    assert full.service.body["Outputs"]["PublicApiUrl"]["Value"] == "https://notify.shop.example"


def test_the_name_of_the_gateway_goes_round_no_domain(full: Deployment, dev: Deployment, prod: Deployment) -> None:
    closed = {
        name: [api["Description"] for api in made.service.of_type("AWS::ApiGatewayV2::Api").values() if shut(api)]
        for name, made in (("full", full), ("dev", dev), ("prod", prod))
    }
    assert closed == {"full": ["Fanfare full: public API"], "dev": [], "prod": []}


def shut(api: Properties) -> bool:
    return api.get("DisableExecuteApiEndpoint") is True


def test_a_proxy_proves_itself_by_a_header_that_the_deployer_names(dev: Deployment, prod: Deployment) -> None:
    for deployment, header in ((dev, None), (prod, "X-Origin-Key")):
        variables = deployment.service.function("public_api")["Environment"]["Variables"]
        assert variables.get("FANFARE_ORIGIN_HEADER") == header
        assert ("FANFARE_ORIGIN_KEYS_ARN" in variables) is (header is not None)


def test_without_one_people_come_by_the_gateways(dev: Deployment) -> None:
    assert not dev.service.of_type("AWS::ApiGatewayV2::DomainName")
