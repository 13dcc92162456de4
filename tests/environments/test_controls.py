"""The controls themselves: an account where everything is done wrong must have a finding for each."""

import io
import json
import zipfile
from typing import Any

import pytest

from .conftest import Client, clients
from .controls import CONTROLS

ACCOUNT = "666666666666"
EVERYBODY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}],
}
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}


@pytest.fixture(scope="module")
def client(endpoint: str) -> Client:
    """The account, with one of each kind, wrong."""
    client = clients(endpoint, ACCOUNT)
    _bucket(client("s3"), "wrong-processed-data")
    _queue_topic_stream_key(client)
    role = _role(client("iam"))
    _function(client("lambda"), role)
    _warehouse(client("redshift-serverless"))
    client("cloudtrail").create_trail(Name="wrong", S3BucketName="wrong-processed-data")
    client("secretsmanager").create_secret(Name="wrong", SecretString="x")
    client("cloudwatch").put_metric_alarm(
        AlarmName="wrong",
        ComparisonOperator="GreaterThanThreshold",
        EvaluationPeriods=1,
        MetricName="Errors",
        Namespace="AWS/Lambda",
        Period=60,
        Statistic="Sum",
        Threshold=0,
    )
    client("logs").create_log_group(logGroupName="wrong")
    subnet = _network(client("ec2"))
    _platform(client, subnet, role)
    return client


def _bucket(s3: Any, name: str) -> None:
    s3.create_bucket(Bucket=name, ObjectOwnership="ObjectWriter", ObjectLockEnabledForBucket=True)
    public = dict.fromkeys(("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), False)
    s3.put_public_access_block(Bucket=name, PublicAccessBlockConfiguration=public)
    statement = {**EVERYBODY["Statement"][0], "Action": "s3:*", "Resource": f"arn:aws:s3:::{name}"}
    policy = {**EVERYBODY, "Statement": [statement]}
    s3.put_bucket_policy(Bucket=name, Policy=json.dumps(policy))


def _queue_topic_stream_key(client: Client) -> None:
    sqs, sns = client("sqs"), client("sns")
    sqs.create_queue(QueueName="wrong", Attributes={"Policy": json.dumps(EVERYBODY), "SqsManagedSseEnabled": "false"})
    topic = sns.create_topic(Name="wrong")["TopicArn"]
    sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=json.dumps(EVERYBODY))
    client("kinesis").create_stream(StreamName="wrong", ShardCount=1)
    client("kms").create_key(Policy=json.dumps(EVERYBODY))


def _role(iam: Any) -> str:
    role = iam.create_role(RoleName="wrong", AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
    allowed = {**EVERYBODY, "Statement": [{"Effect": "Allow", "Action": ["s3:*", "kms:Decrypt"], "Resource": "*"}]}
    iam.put_role_policy(RoleName="wrong", PolicyName="all", PolicyDocument=json.dumps(allowed))
    return str(role)


def _function(functions: Any, role: str) -> None:
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as file:
        file.writestr("a.py", "def b(*_): ...")
    functions.create_function(
        FunctionName="wrong", Role=role, Runtime="python3.12", Handler="a.b", Code={"ZipFile": code.getvalue()}
    )
    functions.add_permission(FunctionName="wrong", StatementId="all", Action="lambda:InvokeFunction", Principal="*")


def _warehouse(serverless: Any) -> None:
    serverless.create_namespace(
        namespaceName="wrong", adminUsername="admin", adminUserPassword="Wrong1234", dbName="dev"
    )
    serverless.create_workgroup(workgroupName="wrong", namespaceName="wrong", publiclyAccessible=True)


def _platform(client: Client, subnet: str, role: str) -> None:
    client("eks").create_cluster(name="wrong", version="1.33", roleArn=role, resourcesVpcConfig={"subnetIds": [subnet]})
    client("ecr").create_repository(repositoryName="wrong")
    client("ec2").create_launch_template(LaunchTemplateName="wrong", LaunchTemplateData={"InstanceType": "t3.micro"})


def _network(ec2: Any) -> str:
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/20")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
    ec2.modify_subnet_attribute(SubnetId=subnet, MapPublicIpOnLaunch={"Value": True})
    group = ec2.create_security_group(GroupName="wrong", Description="wrong", VpcId=vpc)["GroupId"]
    world = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[world])
    acl = ec2.create_network_acl(VpcId=vpc)["NetworkAcl"]["NetworkAclId"]
    ec2.create_network_acl_entry(
        NetworkAclId=acl,
        RuleNumber=100,
        Protocol="6",
        RuleAction="allow",
        Egress=False,
        CidrBlock="0.0.0.0/0",
        PortRange={"From": 0, "To": 65535},
    )
    return str(subnet)


# S3 answers these questions about a bucket without such a setting with an error, which is a finding, too.
ERRORS = {"S3.13": "NoSuchLifecycleConfiguration", "S3.14": "NoSuchLifecycleConfiguration", "S3.15": "Rule"}


@pytest.mark.parametrize("name", CONTROLS)
def test_a_control_finds_what_is_wrong(client: Client, name: str) -> None:
    if name in ERRORS:
        with pytest.raises(Exception, match=ERRORS[name]):
            CONTROLS[name](client)
    else:
        assert CONTROLS[name](client)
