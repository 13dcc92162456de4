"""Controls of AWS Foundational Security Best Practices (Security Hub) that concern us, asked of the applied account.

Each check returns what is wrong, in words; docs/operations/controls.md says which controls are not asked here, and why.
https://docs.aws.amazon.com/securityhub/latest/userguide/securityhub-controls-reference.html
"""

import json
from collections.abc import Callable, Iterator
from typing import Any

from .conftest import Client

Check = Callable[[Client], list[str]]
CONTROLS: dict[str, Check] = {}


def control(*names: str) -> Callable[[Callable[[Client], Iterator[str]]], Callable[[Client], Iterator[str]]]:
    """Register a check under its control's name."""

    def register(check: Callable[[Client], Iterator[str]]) -> Callable[[Client], Iterator[str]]:
        for name in names:
            CONTROLS[name] = lambda client: list(check(client))
        return check

    return register


def _buckets(client: Client) -> list[str]:
    return [bucket["Name"] for bucket in client("s3").list_buckets()["Buckets"]]


def _takes_logs(bucket: str) -> bool:
    """A bucket of S3's access logs, which cannot log itself and whose delivery cannot use KMS."""
    return bucket.endswith("-access-logs")


def _denies_plain_transport(policy: str) -> bool:
    return any(
        statement["Effect"] == "Deny"
        and statement["Principal"] in ("*", {"AWS": "*"})
        and statement.get("Condition", {}).get("Bool", {}).get("aws:SecureTransport") == "false"
        for statement in json.loads(policy)["Statement"]
    )


def _lets_everybody(policy: str) -> bool:
    return any(
        statement["Effect"] == "Allow"
        and statement["Principal"] in ("*", {"AWS": "*"})
        and "Condition" not in statement
        for statement in json.loads(policy)["Statement"]
    )


@control("S3.2", "S3.3", "S3.8")
def buckets_are_private(client: Client) -> Iterator[str]:
    for bucket in _buckets(client):
        block = client("s3").get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
        if len(block) != 4 or not all(block.values()):
            yield f"{bucket} may become public"


@control("S3.5")
def buckets_want_tls(client: Client) -> Iterator[str]:
    for bucket in _buckets(client):
        if not _denies_plain_transport(client("s3").get_bucket_policy(Bucket=bucket)["Policy"]):
            yield f"{bucket} takes plain HTTP"


@control("S3.6")
def bucket_policies_let_no_other_account(client: Client) -> Iterator[str]:
    account = client("sts").get_caller_identity()["Account"]
    for bucket in _buckets(client):
        for statement in json.loads(client("s3").get_bucket_policy(Bucket=bucket)["Policy"])["Statement"]:
            principals = statement["Principal"].get("AWS", []) if isinstance(statement["Principal"], dict) else ["*"]
            if statement["Effect"] == "Allow" and not all(account in str(principal) for principal in principals):
                yield f"{bucket} lets {principals}"


@control("S3.9")
def buckets_log_access(client: Client) -> Iterator[str]:
    for bucket in _buckets(client):
        if not _takes_logs(bucket) and "LoggingEnabled" not in client("s3").get_bucket_logging(Bucket=bucket):
            yield f"{bucket} logs no access"


@control("S3.12")
def buckets_have_no_acls(client: Client) -> Iterator[str]:
    for bucket in _buckets(client):
        (rule,) = client("s3").get_bucket_ownership_controls(Bucket=bucket)["OwnershipControls"]["Rules"]
        if rule["ObjectOwnership"] != "BucketOwnerEnforced":
            yield f"{bucket} has ACLs"


@control("S3.13", "S3.14")
def buckets_are_versioned_and_have_a_lifecycle(client: Client) -> Iterator[str]:
    for bucket in _buckets(client):
        if client("s3").get_bucket_versioning(Bucket=bucket).get("Status") != "Enabled":
            yield f"{bucket} is not versioned"
        if not client("s3").get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]:
            yield f"{bucket} has no lifecycle"


@control("S3.15")
def processed_objects_are_locked(client: Client) -> Iterator[str]:
    for bucket in _buckets(client):
        if bucket.endswith("-processed-data"):
            lock = client("s3").get_object_lock_configuration(Bucket=bucket)["ObjectLockConfiguration"]
            if lock["Rule"]["DefaultRetention"]["Mode"] not in ("COMPLIANCE", "GOVERNANCE"):
                yield f"{bucket} has no lock"


@control("S3.17")
def buckets_have_a_key_of_ours(client: Client) -> Iterator[str]:
    for bucket in _buckets(client):
        (rule,) = client("s3").get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
        algorithm = rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"]
        if algorithm != ("AES256" if _takes_logs(bucket) else "aws:kms"):
            yield f"{bucket} is encrypted by {algorithm}"


@control("Lambda.1")
def functions_are_not_public(client: Client) -> Iterator[str]:
    api = client("lambda")
    for function in api.list_functions()["Functions"]:
        try:
            policy = api.get_policy(FunctionName=function["FunctionName"])["Policy"]
        except api.exceptions.ResourceNotFoundException:
            continue
        for statement in json.loads(policy)["Statement"]:
            if "aws:SourceArn" not in str(statement.get("Condition")) and "AWS:SourceArn" not in str(statement):
                yield f"{function['FunctionName']} can be called by {statement['Principal']}"


@control("Lambda.2", "Lambda.7")
def functions_run_on_a_supported_runtime_and_are_traced(client: Client) -> Iterator[str]:
    for function in client("lambda").list_functions()["Functions"]:
        if function["Runtime"] != "python3.13":
            yield f"{function['FunctionName']} runs on {function['Runtime']}"
        if function["TracingConfig"]["Mode"] != "Active":
            yield f"{function['FunctionName']} is not traced"


@control("Kinesis.1", "Kinesis.3")
def streams_are_encrypted_and_kept(client: Client) -> Iterator[str]:
    api = client("kinesis")
    for name in api.list_streams()["StreamNames"]:
        stream = api.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]
        if stream.get("EncryptionType") != "KMS":
            yield f"{name} is not encrypted"
        if stream["RetentionPeriodHours"] < 24:
            yield f"{name} is kept for {stream['RetentionPeriodHours']} hours"


@control("SQS.1", "SQS.3")
def queues_are_encrypted_and_private(client: Client) -> Iterator[str]:
    api = client("sqs")
    for url in api.list_queues().get("QueueUrls", []):
        attributes = api.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        if not attributes.get("KmsMasterKeyId"):
            yield f"{url} is not encrypted"
        if not _denies_plain_transport(attributes["Policy"]) or _lets_everybody(attributes["Policy"]):
            yield f"{url} is open"


@control("SNS.1", "SNS.4")
def topics_are_encrypted_and_private(client: Client) -> Iterator[str]:
    api = client("sns")
    for topic in api.list_topics()["Topics"]:
        attributes = api.get_topic_attributes(TopicArn=topic["TopicArn"])["Attributes"]
        if not attributes.get("KmsMasterKeyId"):
            yield f"{topic['TopicArn']} is not encrypted"
        if not _denies_plain_transport(attributes["Policy"]) or _lets_everybody(attributes["Policy"]):
            yield f"{topic['TopicArn']} is open"


@control("KMS.3", "KMS.4", "KMS.5")
def keys_rotate_and_are_neither_public_nor_going(client: Client) -> Iterator[str]:
    api = client("kms")
    for key in api.list_keys()["Keys"]:
        about = api.describe_key(KeyId=key["KeyId"])["KeyMetadata"]
        if about["KeyManager"] != "CUSTOMER":
            continue
        if about["KeyState"] != "Enabled":
            yield f"{key['KeyId']} is {about['KeyState']}"
        if not api.get_key_rotation_status(KeyId=key["KeyId"])["KeyRotationEnabled"]:
            yield f"{key['KeyId']} does not rotate"
        if _lets_everybody(api.get_key_policy(KeyId=key["KeyId"], PolicyName="default")["Policy"]):
            yield f"{key['KeyId']} is public"


@control("KMS.1", "KMS.2", "IAM.1", "IAM.21")
def no_policy_allows_all_of_a_service_everywhere(client: Client) -> Iterator[str]:
    for name, document in _policies(client("iam")):
        for statement in document["Statement"]:
            actions, resources = _list(statement["Action"]), _list(statement["Resource"])
            if statement["Effect"] != "Allow":
                continue
            if any("*" in action for action in actions):
                yield f"{name} allows {actions}"
            if "*" in resources and any(action.startswith("kms:") for action in actions):
                yield f"{name} allows {actions} on every key"


@control("RedshiftServerless.1", "RedshiftServerless.3")
def workgroups_are_private_and_routed(client: Client) -> Iterator[str]:
    has_network = any(not vpc["IsDefault"] for vpc in client("ec2").describe_vpcs()["Vpcs"])
    for group in client("redshift-serverless").list_workgroups()["workgroups"]:
        if group["publiclyAccessible"]:
            yield f"{group['workgroupName']} is public"
        if has_network and not group["enhancedVpcRouting"]:
            yield f"{group['workgroupName']} leaves the VPC"


@control("RedshiftServerless.2")
def workgroups_want_tls(client: Client) -> Iterator[str]:
    for group in client("redshift-serverless").list_workgroups()["workgroups"]:
        settings = {entry["parameterKey"]: entry["parameterValue"] for entry in group["configParameters"]}
        if settings.get("require_ssl") != "true":
            yield f"{group['workgroupName']} takes plain connections"


@control("RedshiftServerless.4", "RedshiftServerless.5", "RedshiftServerless.6")
def namespaces_are_encrypted_named_and_logged(client: Client) -> Iterator[str]:
    for space in client("redshift-serverless").list_namespaces()["namespaces"]:
        if not space.get("kmsKeyId"):
            yield f"{space['namespaceName']} has no key of ours"
        if space["adminUsername"] == "admin":
            yield f"{space['namespaceName']} has the usual administrator"
        if set(space["logExports"]) != {"connectionlog", "useractivitylog", "userlog"}:
            yield f"{space['namespaceName']} exports {space['logExports']}"


@control("SecretsManager.3")
def secrets_have_a_key_of_ours(client: Client) -> Iterator[str]:
    for secret in client("secretsmanager").list_secrets()["SecretList"]:
        if not secret.get("KmsKeyId"):
            yield f"{secret['Name']} has no key of ours"


@control("CloudWatch.15", "CloudWatch.17")
def alarms_tell_somebody(client: Client) -> Iterator[str]:
    for page in client("cloudwatch").get_paginator("describe_alarms").paginate():
        for alarm in page["MetricAlarms"]:
            if not alarm["AlarmActions"] or not alarm["ActionsEnabled"]:
                yield f"{alarm['AlarmName']} tells nobody"


@control("CloudWatch.16")
def logs_are_kept_long_enough(client: Client) -> Iterator[str]:
    """A year is the control's default; dev and staging keep less on purpose."""
    for group in client("logs").describe_log_groups()["logGroups"]:
        if group.get("retentionInDays", 0) < 30 or not group.get("kmsKeyId"):
            yield f"{group['logGroupName']}: {group.get('retentionInDays')} days, key {group.get('kmsKeyId')}"


@control("CloudTrail.2", "CloudTrail.4")
def trails_are_encrypted_and_signed(client: Client) -> Iterator[str]:
    for trail in client("cloudtrail").describe_trails()["trailList"]:
        if not trail.get("KmsKeyId"):
            yield f"{trail['Name']} has no key of ours"
        if not trail["LogFileValidationEnabled"]:
            yield f"{trail['Name']} is not signed"


@control("EC2.2")
def default_groups_are_closed(client: Client) -> Iterator[str]:
    for group in client("ec2").describe_security_groups()["SecurityGroups"]:
        is_ours = group["GroupName"] == "default" and group["VpcId"] in _vpcs(client)
        if is_ours and (group["IpPermissions"] or group["IpPermissionsEgress"]):
            yield f"{group['GroupId']} is open"


@control("EC2.6")
def networks_log_their_traffic(client: Client) -> Iterator[str]:
    logged = {log["ResourceId"] for log in client("ec2").describe_flow_logs()["FlowLogs"]}
    for vpc in _vpcs(client) - logged:
        yield f"{vpc} logs no traffic"


@control("EC2.15")
def subnets_give_no_public_addresses(client: Client) -> Iterator[str]:
    for subnet in client("ec2").describe_subnets()["Subnets"]:
        if subnet["VpcId"] in _vpcs(client) and subnet["MapPublicIpOnLaunch"]:
            yield f"{subnet['SubnetId']} gives public addresses"


@control("EC2.18", "EC2.19")
def groups_open_nothing_to_the_world(client: Client) -> Iterator[str]:
    for rule in client("ec2").describe_security_group_rules()["SecurityGroupRules"]:
        if _group_vpc(client, rule["GroupId"]) in _vpcs(client) and rule.get("CidrIpv4") == "0.0.0.0/0":
            yield f"{rule['SecurityGroupRuleId']} is open to the world"


@control("EC2.21")
def acls_close_the_ports_of_administration(client: Client) -> Iterator[str]:
    for acl in client("ec2").describe_network_acls()["NetworkAcls"]:
        if acl["VpcId"] not in _vpcs(client) or acl["IsDefault"]:
            continue
        for entry in acl["Entries"]:
            ports = entry.get("PortRange", {"From": 0, "To": 65535})
            open_ports = [port for port in (22, 3389) if ports["From"] <= port <= ports["To"]]
            if (
                not entry["Egress"]
                and entry["RuleAction"] == "allow"
                and entry["CidrBlock"] == "0.0.0.0/0"
                and open_ports
            ):
                yield f"{acl['NetworkAclId']} opens {open_ports}"


@control("EC2.170")
def nodes_want_version_2_of_the_metadata_service(client: Client) -> Iterator[str]:
    api = client("ec2")
    for template in api.describe_launch_templates()["LaunchTemplates"]:
        (latest,) = api.describe_launch_template_versions(
            LaunchTemplateId=template["LaunchTemplateId"], Versions=["$Latest"]
        )["LaunchTemplateVersions"]
        if latest["LaunchTemplateData"].get("MetadataOptions", {}).get("HttpTokens") != "required":
            yield f"{template['LaunchTemplateName']} hands out credentials to whoever asks"


@control("EKS.1")
def api_servers_are_not_public(client: Client) -> Iterator[str]:
    for cluster in _clusters(client):
        network = cluster["resourcesVpcConfig"]
        if network["endpointPublicAccess"] and "0.0.0.0/0" in network["publicAccessCidrs"]:
            yield f"{cluster['name']} answers everybody"


@control("EKS.2")
def clusters_run_on_a_supported_version(client: Client) -> Iterator[str]:
    """Those in standard support on 2026-11-24 that last longer than the year."""
    for cluster in _clusters(client):
        if cluster["version"] not in {"1.35", "1.36"}:
            yield f"{cluster['name']} runs on {cluster['version']}"


@control("EKS.3")
def clusters_encrypt_their_secrets(client: Client) -> Iterator[str]:
    for cluster in _clusters(client):
        if "secrets" not in {resource for entry in cluster["encryptionConfig"] for resource in entry["resources"]}:
            yield f"{cluster['name']} has no key of ours"


@control("EKS.8")
def clusters_log_who_asked_what(client: Client) -> Iterator[str]:
    for cluster in _clusters(client):
        logged = {kind for setup in cluster["logging"]["clusterLogging"] if setup["enabled"] for kind in setup["types"]}
        if "audit" not in logged:
            yield f"{cluster['name']} logs {sorted(logged)}"


@control("ECR.1", "ECR.2", "ECR.5")
def images_are_scanned_fixed_and_encrypted(client: Client) -> Iterator[str]:
    for repository in _repositories(client):
        name = repository["repositoryName"]
        if not repository["imageScanningConfiguration"]["scanOnPush"]:
            yield f"{name} scans nothing"
        if repository["imageTagMutability"] != "IMMUTABLE":
            yield f"{name} has tags that move"
        if repository["encryptionConfiguration"]["encryptionType"] != "KMS":
            yield f"{name} has no key of ours"


@control("ECR.3")
def images_that_nobody_needs_go(client: Client) -> Iterator[str]:
    api = client("ecr")
    for repository in _repositories(client):
        try:
            api.get_lifecycle_policy(repositoryName=repository["repositoryName"])
        except api.exceptions.LifecyclePolicyNotFoundException:
            yield f"{repository['repositoryName']} keeps everything"


def _clusters(client: Client) -> list[dict[str, Any]]:
    api = client("eks")
    return [api.describe_cluster(name=name)["cluster"] for name in api.list_clusters()["clusters"]]


def _repositories(client: Client) -> list[dict[str, Any]]:
    return list(client("ecr").describe_repositories()["repositories"])


def _vpcs(client: Client) -> set[str]:
    return {vpc["VpcId"] for vpc in client("ec2").describe_vpcs()["Vpcs"] if not vpc["IsDefault"]}


def _group_vpc(client: Client, group: str) -> str:
    (found,) = client("ec2").describe_security_groups(GroupIds=[group])["SecurityGroups"]
    return str(found["VpcId"])


def _policies(iam: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    for role in iam.list_roles()["Roles"]:
        for name in iam.list_role_policies(RoleName=role["RoleName"])["PolicyNames"]:
            document = iam.get_role_policy(RoleName=role["RoleName"], PolicyName=name)["PolicyDocument"]
            yield f"{role['RoleName']}/{name}", document
    for policy in iam.list_policies(Scope="Local")["Policies"]:
        version = iam.get_policy_version(PolicyArn=policy["Arn"], VersionId=policy["DefaultVersionId"])
        yield policy["PolicyName"], version["PolicyVersion"]["Document"]


def _list(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value
