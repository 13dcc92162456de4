"""What is in an account of the local cloud, service by service: nothing may be left after a destroy."""

from typing import Any

from .conftest import Client


def everything(client: Client) -> dict[str, list[str]]:
    """Names of all that somebody made, by kind; kinds without any are left out."""
    found = {
        "alarms": _names(client("cloudwatch").describe_alarms()["MetricAlarms"], "AlarmName"),
        "budgets": _names(
            client("budgets").describe_budgets(AccountId=client("sts").get_caller_identity()["Account"])["Budgets"],
            "BudgetName",
        ),
        "buckets": _names(client("s3").list_buckets()["Buckets"], "Name"),
        "clusters": client("eks").list_clusters()["clusters"],
        "composite alarms": _names(
            client("cloudwatch").describe_alarms(AlarmTypes=["CompositeAlarm"])["CompositeAlarms"], "AlarmName"
        ),
        "dashboards": _names(client("cloudwatch").list_dashboards()["DashboardEntries"], "DashboardName"),
        "deployed applications": client("codedeploy").list_applications()["applications"],
        "detectors": client("guardduty").list_detectors()["DetectorIds"],
        "functions": _names(client("lambda").list_functions()["Functions"], "FunctionName"),
        "keys": _keys(client("kms")),
        "launch templates": _names(client("ec2").describe_launch_templates()["LaunchTemplates"], "LaunchTemplateName"),
        "log groups": _names(client("logs").describe_log_groups()["logGroups"], "logGroupName"),
        "namespaces": _names(client("redshift-serverless").list_namespaces()["namespaces"], "namespaceName"),
        "policies": _names(client("iam").list_policies(Scope="Local")["Policies"], "PolicyName"),
        "queues": client("sqs").list_queues().get("QueueUrls", []),
        "repositories": _names(client("ecr").describe_repositories()["repositories"], "repositoryName"),
        "roles": _names(client("iam").list_roles()["Roles"], "RoleName"),
        "rules": _names(client("events").list_rules()["Rules"], "Name"),
        "saved queries": _names(client("logs").describe_query_definitions()["queryDefinitions"], "name"),
        "schedules": _names(client("scheduler").list_schedules()["Schedules"], "Name"),
        "secrets": _names(client("secretsmanager").list_secrets()["SecretList"], "Name"),
        "service networks": _names(client("vpc-lattice").list_service_networks()["items"], "name"),
        "sources": _names(client("lambda").list_event_source_mappings()["EventSourceMappings"], "UUID"),
        "streams": client("kinesis").list_streams()["StreamNames"],
        "topics": _names(client("sns").list_topics()["Topics"], "TopicArn"),
        "trails": _names(client("cloudtrail").describe_trails()["trailList"], "Name"),
        "vpcs": [vpc["VpcId"] for vpc in client("ec2").describe_vpcs()["Vpcs"] if not vpc["IsDefault"]],
        "workgroups": _names(client("redshift-serverless").list_workgroups()["workgroups"], "workgroupName"),
    }
    return {kind: names for kind, names in found.items() if names}


def _names(items: list[dict[str, Any]], name: str) -> list[str]:
    return [str(item[name]) for item in items]


def _keys(kms: Any) -> list[str]:
    """Keys that are not waiting for their deletion."""
    described = [kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"] for key in kms.list_keys()["Keys"]]
    return [
        key["KeyId"] for key in described if key["KeyManager"] == "CUSTOMER" and key["KeyState"] != "PendingDeletion"
    ]
