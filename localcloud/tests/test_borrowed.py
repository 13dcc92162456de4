"""Services that LocalStack has not: what is made is read back, and is gone when deleted."""

import io
import json
import uuid
import zipfile
from typing import Any

import pytest
from botocore.exceptions import ClientError
from conftest import Cloud, eventually

pytestmark = pytest.mark.integration


def name(prefix: str) -> str:
    return f"{prefix}-{uuid.uuid4().hex[:8]}"


def packed(source: str) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("handler.py", source)
    return content.getvalue()


def test_a_feature_of_guardduty_is_changed_alone(cloud: Cloud) -> None:
    guardduty = cloud.client("guardduty")
    detector = guardduty.create_detector(Enable=True)["DetectorId"]
    for feature in ("S3_DATA_EVENTS", "LAMBDA_NETWORK_LOGS", "S3_DATA_EVENTS"):
        guardduty.update_detector(DetectorId=detector, Features=[{"Name": feature, "Status": "ENABLED"}])

    found = guardduty.get_detector(DetectorId=detector)["Features"]

    assert sorted(feature["Name"] for feature in found) == ["LAMBDA_NETWORK_LOGS", "S3_DATA_EVENTS"]
    guardduty.delete_detector(DetectorId=detector)
    with pytest.raises(ClientError, match="not owned by the current account"):
        guardduty.get_detector(DetectorId=detector)


def test_macie_is_off_until_somebody_enables_it(cloud: Cloud) -> None:
    macie = cloud.client("macie2")
    with pytest.raises(ClientError, match="Macie is not enabled"):
        macie.get_macie_session()

    macie.enable_macie(findingPublishingFrequency="ONE_HOUR")
    macie.update_macie_session(findingPublishingFrequency="SIX_HOURS")

    assert macie.get_macie_session()["findingPublishingFrequency"] == "SIX_HOURS"
    assert macie.get_macie_session()["status"] == "ENABLED"
    macie.disable_macie()
    with pytest.raises(ClientError, match="Macie is not enabled"):
        macie.get_macie_session()


def test_a_saved_query_is_found_changed_and_deleted(cloud: Cloud) -> None:
    logs, query = cloud.client("logs"), name("query")
    identifier = logs.put_query_definition(name=query, queryString="fields a")["queryDefinitionId"]
    logs.put_query_definition(name=query, queryString="fields b", queryDefinitionId=identifier)

    (found,) = logs.describe_query_definitions(queryDefinitionNamePrefix=query)["queryDefinitions"]

    assert found["queryString"] == "fields b"
    assert logs.delete_query_definition(queryDefinitionId=identifier)["success"]
    assert logs.describe_query_definitions(queryDefinitionNamePrefix=query)["queryDefinitions"] == []


def test_a_functions_code_signing_is_read_back_with_its_tags(cloud: Cloud) -> None:
    functions, profile = cloud.client("lambda"), name("profile").replace("-", "_")
    signed = cloud.client("signer").put_signing_profile(profileName=profile, platformId="AWSLambda-SHA384-ECDSA")
    signing = functions.create_code_signing_config(
        AllowedPublishers={"SigningProfileVersionArns": [signed["profileVersionArn"]]}, Tags={"a": "b"}
    )["CodeSigningConfig"]["CodeSigningConfigArn"]
    function = create_function(cloud, CodeSigningConfigArn=signing)

    assert functions.get_function_code_signing_config(FunctionName=function)["CodeSigningConfigArn"] == signing
    assert functions.list_tags(Resource=signing)["Tags"] == {"a": "b"}
    functions.tag_resource(Resource=signing, Tags={"c": "d"})
    functions.untag_resource(Resource=signing, TagKeys=["a"])
    assert functions.list_tags(Resource=signing)["Tags"] == {"c": "d"}


def test_a_release_moves_an_alias_and_an_alarm_moves_it_back(cloud: Cloud) -> None:
    functions, alarms = cloud.client("lambda"), cloud.client("cloudwatch")
    function = create_function(cloud, Publish=True)
    functions.create_alias(FunctionName=function, Name="live", FunctionVersion="1")
    functions.update_function_code(FunctionName=function, ZipFile=packed("def handle(*_): return 2"), Publish=True)
    alarm = name("alarm")
    alarms.put_metric_alarm(
        AlarmName=alarm,
        Namespace="n",
        MetricName="m",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="ignore",  # there are none, and it keeps the state that the test sets
    )
    alarms.set_alarm_state(AlarmName=alarm, StateValue="ALARM", StateReason="a test")
    application = create_group(cloud, alarm)

    stopped = release(cloud, application, function, current="1", target="2")
    assert (stopped["status"], stopped["errorInformation"]["code"]) == ("Stopped", "ALARM_ACTIVE"), stopped[
        "errorInformation"
    ]
    assert functions.get_alias(FunctionName=function, Name="live")["FunctionVersion"] == "1"
    codedeploy = cloud.client("codedeploy")
    rollback = codedeploy.get_deployment(deploymentId=stopped["rollbackInfo"]["rollbackDeploymentId"])
    assert rollback["deploymentInfo"]["creator"] == "codeDeployRollback"

    alarms.set_alarm_state(AlarmName=alarm, StateValue="OK", StateReason="a test")
    done = release(cloud, application, function, current="1", target="2")
    assert done["status"] == "Succeeded", done["errorInformation"]
    alias = functions.get_alias(FunctionName=function, Name="live")
    assert alias["FunctionVersion"] == "2"
    assert not alias.get("RoutingConfig", {}).get("AdditionalVersionWeights")


def test_an_alias_takes_weights_and_refuses_what_is_not_there(cloud: Cloud) -> None:
    functions = cloud.client("lambda")
    function = create_function(cloud, Publish=True)
    functions.update_function_code(FunctionName=function, ZipFile=packed("def handle(*_): return 2"), Publish=True)
    functions.create_alias(FunctionName=function, Name="live", FunctionVersion="1")

    half = functions.update_alias(
        FunctionName=function, Name="live", RoutingConfig={"AdditionalVersionWeights": {"2": 0.5}}
    )

    assert half["RoutingConfig"] == {"AdditionalVersionWeights": {"2": 0.5}}
    functions.update_alias(FunctionName=function, Name="live", Description="weights stay")
    assert functions.get_alias(FunctionName=function, Name="live")["RoutingConfig"] == half["RoutingConfig"]
    for change in ({"FunctionVersion": "9"}, {"RoutingConfig": {"AdditionalVersionWeights": {"9": 0.5}}}):
        with pytest.raises(ClientError, match="Function not found"):
            functions.update_alias(FunctionName=function, Name="live", **change)
    with pytest.raises(ClientError, match="already included"):
        functions.update_alias(
            FunctionName=function, Name="live", FunctionVersion="2", RoutingConfig=half["RoutingConfig"]
        )
    whole = functions.update_alias(FunctionName=function, Name="live", FunctionVersion="2", RoutingConfig={})
    assert "RoutingConfig" not in whole


def create_function(cloud: Cloud, **settings: Any) -> str:
    function = name("function")
    trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"}]}
    role = cloud.client("iam").create_role(RoleName=function, AssumeRolePolicyDocument=json.dumps(trust))
    functions = cloud.client("lambda")
    functions.create_function(
        FunctionName=function,
        Role=role["Role"]["Arn"],
        Runtime="python3.13",
        Handler="handler.handle",
        Code={"ZipFile": packed("def handle(*_): return 1")},
        **settings,
    )
    functions.get_waiter("function_active_v2").wait(FunctionName=function)
    return function


def create_group(cloud: Cloud, alarm: str) -> str:
    application = name("application")
    codedeploy = cloud.client("codedeploy")
    codedeploy.create_application(applicationName=application, computePlatform="Lambda")
    codedeploy.create_deployment_group(
        applicationName=application,
        deploymentGroupName="group",
        deploymentConfigName="CodeDeployDefault.LambdaCanary10Percent5Minutes",
        serviceRoleArn="arn:aws:iam::000000000000:role/a",
        alarmConfiguration={"enabled": True, "alarms": [{"name": alarm}]},
        autoRollbackConfiguration={"enabled": True, "events": ["DEPLOYMENT_STOP_ON_ALARM"]},
    )
    return application


def release(cloud: Cloud, application: str, function: str, *, current: str, target: str) -> dict[str, Any]:
    properties = {"Name": function, "Alias": "live", "CurrentVersion": current, "TargetVersion": target}
    resource = {"Type": "AWS::Lambda::Function", "Properties": properties}
    content = json.dumps({"version": 0.0, "Resources": [{"function": resource}]})
    codedeploy = cloud.client("codedeploy")
    begun = codedeploy.create_deployment(
        applicationName=application,
        deploymentGroupName="group",
        revision={"revisionType": "AppSpecContent", "appSpecContent": {"content": content}},
    )["deploymentId"]

    def ended() -> dict[str, Any] | None:
        info: dict[str, Any] = codedeploy.get_deployment(deploymentId=begun)["deploymentInfo"]
        return info if "completeTime" in info else None

    info = eventually(ended)
    assert info, "the deployment did not end"
    return info
