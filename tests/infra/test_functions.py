from __future__ import annotations

import json
import platform

from fanfare.channels import CHANNELS

from tests.infra.synth import Deployment, deployment, listed, name_of


def test_there_is_a_function_for_each_part_of_the_way(dev: Deployment) -> None:
    names = {made["Description"].removeprefix("Fanfare: ") for made in dev.service.functions.values()}
    parts = {"internal_api", "public_api", "fan_out", "reconcile", "record_receipt"}
    assert names == parts | {f"deliver-{name}" for name in CHANNELS}


def test_every_function_is_arm64_on_the_same_runtime(prod: Deployment) -> None:
    for function in prod.service.functions.values():
        assert function["Architectures"] == ["arm64"]
        assert function["Runtime"] == "python3.13"
        assert function["Handler"] == "handler.handler"


def test_a_local_function_is_of_this_machines_kind(local: Deployment) -> None:
    here = "x86_64" if platform.machine() == "x86_64" else "arm64"
    assert all(function["Architectures"] == [here] for function in local.service.functions.values())


def test_every_function_is_traced(each: Deployment) -> None:
    assert all(made["TracingConfig"] == {"Mode": "Active"} for made in each.service.functions.values())


def test_every_function_stands_on_both_layers(each: Deployment) -> None:
    for function in each.service.functions.values():
        assert [name_of(layer, each) for layer in function["Layers"]] == ["LayersDependencies", "LayersFanfare"]


def test_every_function_logs_json_to_a_group_of_its_own(each: Deployment) -> None:
    logging = [made["LoggingConfig"] for made in each.service.functions.values()]
    assert {config["LogFormat"] for config in logging} == {"JSON"}
    assert len({name_of(config["LogGroup"], each) for config in logging}) == len(logging)


def test_no_log_is_kept_for_ever_and_the_audit_trail_longest(dev: Deployment, full: Deployment) -> None:
    for made_by, audit in ((dev, 365), (full, 731)):
        groups = made_by.service.of_type("AWS::Logs::LogGroup")
        kept = {name_of({"Ref": id}, made_by): group["RetentionInDays"] for id, group in groups.items()}
        assert kept.pop("InternalApiFunctionLogs") == audit
        assert set(kept.values()) == {30}


def test_limits_of_the_deployment_reach_every_function(dev: Deployment) -> None:
    for function in dev.service.functions.values():
        variables = function["Environment"]["Variables"]
        assert variables["FANFARE_STAGE"] == "dev"
        assert variables["FANFARE_MAX_ATTEMPTS"] == "8"
        assert variables["FANFARE_STALE_AFTER_SECONDS"] == "120"


def test_only_functions_that_mail_or_check_mails_know_the_sender(prod: Deployment) -> None:
    knowing = {
        made["Description"]: made["Environment"]["Variables"]["FANFARE_SENDER"]
        for made in prod.service.functions.values()
        if "FANFARE_SENDER" in made["Environment"]["Variables"]
    }
    names = ("Fanfare: deliver-email", "Fanfare: public_api", "Fanfare: internal_api")
    assert knowing == dict.fromkeys(names, "Shop <hello@shop.example>")


def test_limits_of_users_reach_every_function(full: Deployment, dev: Deployment) -> None:
    for function in full.service.functions.values():
        limits = json.loads(function["Environment"]["Variables"]["FANFARE_USER_LIMITS"])
        assert limits == {"email": {"count": 3, "per_seconds": 3600, "overflow": "defer"}}
    for function in dev.service.functions.values():
        limits = json.loads(function["Environment"]["Variables"]["FANFARE_USER_LIMITS"])
        assert limits == {"sms": {"count": 20, "per_seconds": 86_400, "overflow": "drop"}}


def test_whoever_decides_on_or_sends_a_text_knows_the_countries(dev: Deployment, full: Deployment) -> None:
    for made_by, countries in ((dev, ""), (full, "AT")):
        knowing = {
            made["Description"].removeprefix("Fanfare: "): made["Environment"]["Variables"]["FANFARE_SMS_COUNTRIES"]
            for made in made_by.service.functions.values()
            if "FANFARE_SMS_COUNTRIES" in made["Environment"]["Variables"]
        }
        assert knowing == dict.fromkeys(("internal_api", "public_api", "fan_out", "deliver-sms"), countries)


def test_what_a_text_may_cost_and_how_many_codes_there_are_is_the_deployers_choice(full: Deployment) -> None:
    for name in ("deliver-sms", "public_api"):
        assert full.service.function(name)["Environment"]["Variables"]["FANFARE_SMS_MAX_PRICE"] == "0.20"
    assert full.service.function("public_api")["Environment"]["Variables"]["FANFARE_CODES_PER_HOUR"] == "30"


def test_prices_of_the_deployment_reach_every_function(full: Deployment) -> None:
    prices = {made["Environment"]["Variables"]["FANFARE_PIECE_PRICES"] for made in full.service.functions.values()}
    assert prices == {'{"sms": 0.075}'}


def test_who_moves_a_message_tells_the_bus(each: Deployment) -> None:
    telling = {
        made["Description"].removeprefix("Fanfare: ")
        for made in each.service.functions.values()
        if ("events:PutEvents", "Bus") in set(each.statements(made))
    }
    of_people = {"public_api", "record_receipt"}  # subscriptions, suppressions and receipts
    assert telling == {"internal_api", "fan_out", "reconcile", *(f"deliver-{name}" for name in CHANNELS)} | of_people


def test_recipients_are_told_of_unless_it_is_turned_off(dev: Deployment, full: Deployment) -> None:
    for each, told in ((dev, "true"), (full, "false")):
        assert each.service.function("deliver-sms")["Environment"]["Variables"]["FANFARE_DELIVERY_EVENTS"] == told


def test_push_knows_its_platform_applications(full: Deployment, dev: Deployment) -> None:
    variables = full.service.function("deliver-push")["Environment"]["Variables"]
    assert variables["FANFARE_PUSH_FCM_APPLICATION_ARN"].endswith(":app/GCM/shop")
    assert variables["FANFARE_PUSH_APNS_APPLICATION_ARN"].endswith(":app/APNS/shop")
    assert not any("PUSH_FCM" in name for name in dev.service.function("deliver-push")["Environment"]["Variables"])


def test_webhooks_go_to_this_machine_on_the_local_stage_alone(dev: Deployment) -> None:
    local = deployment(stage="local", local="true", webhook_allowed="localhost:8080, localhost:8081")
    allowed = local.service.function("deliver-webhook")["Environment"]["Variables"]["FANFARE_WEBHOOK_ALLOWED"]
    assert allowed == "localhost:8080,localhost:8081"
    assert "FANFARE_WEBHOOK_ALLOWED" not in dev.service.function("deliver-webhook")["Environment"]["Variables"]


def test_reconcile_runs_every_minute_by_a_role_for_it_alone(each: Deployment) -> None:
    schedule = each.service.only("AWS::Scheduler::Schedule")
    assert schedule["ScheduleExpression"] == "rate(1 minute)"
    assert name_of(schedule["Target"]["Arn"], each) == "Reconcile"
    (policy,) = (p for id, p in each.service.of_type("AWS::IAM::Policy").items() if id.startswith("ClockRole"))
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert statement["Action"] == "lambda:InvokeFunction"
    assert [name_of(resource, each) for resource in listed(statement["Resource"])] == ["Reconcile"]
