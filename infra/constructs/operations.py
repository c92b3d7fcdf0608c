"""The alarms of `alarms.py`, their SNS topic, and the dashboard of `dashboard.py`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from aws_cdk import Duration, RemovalPolicy, Stack
from aws_cdk import aws_apigatewayv2 as apigateway
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from ..alarms import ALARMS, RUNBOOKS, Alarm
from ..dashboard import DASHBOARD, Graph
from ..metrics import MetricScope
from ..nag import suppress_nag
from ..settings import DeploymentSettings
from .function import Function
from .naming import pascal
from .worker import Worker


class Operations(Construct):
    """Creates the alarms for every worker, function, API and table in the `watched` stacks."""

    def __init__(self, scope: Construct, id: str, *, settings: DeploymentSettings, watched: list[Stack]) -> None:
        super().__init__(scope, id)
        self._dimensions = dict(_dimensions(watched, settings))
        self.topic = self._topic(settings)
        alarms = [made for alarm in ALARMS for made in self._alarms(alarm, settings)]
        self._dashboard(alarms)

    def _topic(self, settings: DeploymentSettings) -> sns.Topic:
        account = {"StringEquals": {"aws:SourceAccount": Stack.of(self).account}}
        cloudwatchs = iam.ServicePrincipal("cloudwatch.amazonaws.com", conditions=account)
        # CloudWatch can't publish to a topic that uses the AWS managed key of SNS, whose policy can't be changed.
        # https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html#compatibility-with-aws-services
        key = kms.Key(
            self,
            "Key",
            description=f"Fanfare {settings.stage}: alarm notifications",
            enable_key_rotation=True,
            removal_policy=RemovalPolicy.DESTROY,
        )
        key.add_to_resource_policy(
            iam.PolicyStatement(
                principals=[cloudwatchs], actions=["kms:Decrypt", "kms:GenerateDataKey*"], resources=["*"]
            )
        )
        topic = sns.Topic(self, "Topic", master_key=key, enforce_ssl=not settings.local)
        # Replaces the default policy, which lets the whole account publish.
        topic.add_to_resource_policy(
            iam.PolicyStatement(principals=[cloudwatchs], actions=["sns:Publish"], resources=[topic.topic_arn])
        )
        if settings.local:
            suppress_nag(topic, "AwsSolutions-SNS3", "The emulator uses http, on loopback.")
        if settings.operations_email:
            topic.add_subscription(subscriptions.EmailSubscription(settings.operations_email))
        return topic

    def _alarms(self, alarm: Alarm, settings: DeploymentSettings) -> Iterator[cloudwatch.Alarm]:
        compared = cloudwatch.ComparisonOperator
        for thing, dimensions in self._dimensions[alarm.scope].items():
            made = cloudwatch.Alarm(
                self,
                f"{pascal(alarm.name)}{pascal(thing)}",
                alarm_description=" ".join(
                    [f"Fanfare {settings.stage}{f', {thing}' if thing else ''}:", alarm.means, f"({alarm.runbook})"]
                ),
                metric=_metric(alarm, alarm.metric, dimensions, minutes=alarm.minutes),
                threshold=getattr(settings, alarm.setting) if alarm.setting else alarm.threshold,
                evaluation_periods=alarm.periods,
                comparison_operator=compared.LESS_THAN_THRESHOLD
                if alarm.below
                else compared.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
                treat_missing_data=cloudwatch.TreatMissingData[alarm.missing_data],
            )
            made.add_alarm_action(actions.SnsAction(self.topic))
            made.add_ok_action(actions.SnsAction(self.topic))
            yield made

    def _dashboard(self, alarms: list[cloudwatch.Alarm]) -> None:
        board = cloudwatch.Dashboard(self, "Dashboard")
        board.add_widgets(
            cloudwatch.AlarmStatusWidget(title=f"Alarms (runbooks: {RUNBOOKS})", alarms=[*alarms], width=24)
        )
        for left, right in zip(DASHBOARD[::2], DASHBOARD[1::2], strict=True):
            board.add_widgets(self._graph(left), self._graph(right))

    def _graph(self, graph: Graph) -> cloudwatch.GraphWidget:
        lines = [
            _metric(graph, name, dimensions, label=" ".join(filter(None, [thing, _label(graph, name)])))
            for name in graph.metrics
            for thing, dimensions in self._dimensions[graph.scope].items()
        ]
        return cloudwatch.GraphWidget(title=graph.title, left=[*lines], width=12)


def _metric(
    of: Alarm | Graph, name: str, dimensions: Mapping[str, str], *, minutes: int = 5, label: str | None = None
) -> cloudwatch.Metric:
    return cloudwatch.Metric(
        namespace=of.namespace,
        metric_name=name,
        dimensions_map=dimensions or None,
        statistic=of.statistic,
        period=Duration.minutes(minutes),
        label=label,
    )


def _label(graph: Graph, name: str) -> str:
    """The label of a line: without the metric if there is only one."""
    return "" if len(graph.metrics) == 1 and graph.scope not in {MetricScope.STAGE, MetricScope.ACCOUNT} else name


def _dimensions(
    watched: list[Stack], settings: DeploymentSettings
) -> Iterator[tuple[MetricScope, Mapping[str, dict[str, str]]]]:
    """The resources of each scope: name → dimensions of their metrics."""
    found: list[Any] = [each for stack in watched for each in stack.node.find_all()]
    workers = [each for each in found if isinstance(each, Worker)]
    yield MetricScope.STAGE, {"": {"service": "fanfare", "stage": settings.stage}}
    yield MetricScope.ACCOUNT, {"": {}}
    yield MetricScope.QUEUE, {each.consumes: {"QueueName": each.queue.queue_name} for each in workers}
    yield MetricScope.DEAD_LETTERS, {each.consumes: {"QueueName": each.dead_letters.queue_name} for each in workers}
    functions = [each for each in found if isinstance(each, Function)]
    yield MetricScope.FUNCTION, {each.grants_name: {"FunctionName": each.function_name} for each in functions}
    apis = [each for each in found if isinstance(each, apigateway.HttpApi)]
    yield MetricScope.API, {each.node.path.split("/")[1]: {"ApiId": each.api_id} for each in apis}
    tables = [each for each in found if isinstance(each, dynamodb.Table)]
    yield MetricScope.TABLE, {each.node.id: {"TableName": each.table_name} for each in tables}
