"""EKS, ECR and VPC Lattice: what is made is read back, what AWS refuses is refused, and what is deleted is gone."""

import json
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from conftest import Cloud

pytestmark = pytest.mark.integration

ROLE = "arn:aws:iam::000000000000:role/a"


def name(prefix: str) -> str:
    return f"{prefix}-{uuid.uuid4().hex[:8]}"


@pytest.fixture
def subnet(cloud: Cloud) -> dict[str, Any]:
    ec2 = cloud.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/20")["Vpc"]["VpcId"]
    found: dict[str, Any] = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]
    return found


@pytest.fixture
def cluster(cloud: Cloud, subnet: dict[str, Any]) -> Iterator[str]:
    eks, cluster = cloud.client("eks"), name("cluster")
    eks.create_cluster(
        name=cluster,
        version="1.35",
        roleArn=ROLE,
        resourcesVpcConfig={"subnetIds": [subnet["SubnetId"]], "endpointPrivateAccess": True},
        accessConfig={"authenticationMode": "API", "bootstrapClusterCreatorAdminPermissions": False},
        logging={"clusterLogging": [{"types": ["audit", "api"], "enabled": True}]},
    )
    yield cluster
    if cluster in eks.list_clusters()["clusters"]:
        eks.delete_cluster(name=cluster)


def refused(code: str) -> Any:
    return pytest.raises(ClientError, match=rf"\({code}\)")


def test_a_cluster_says_what_it_was_told_and_what_was_left_out(
    cloud: Cloud, cluster: str, subnet: dict[str, Any]
) -> None:
    found = cloud.client("eks").describe_cluster(name=cluster)["cluster"]

    network = found["resourcesVpcConfig"]
    assert (network["vpcId"], network["endpointPrivateAccess"]) == (subnet["VpcId"], True)
    assert network["publicAccessCidrs"] == ["0.0.0.0/0"]
    assert found["accessConfig"] == {"authenticationMode": "API"}
    logged = {kind: setup["enabled"] for setup in found["logging"]["clusterLogging"] for kind in setup["types"]}
    assert {kind for kind, is_on in logged.items() if is_on} == {"api", "audit"}
    assert len(logged) == 5


def test_a_cluster_is_changed_step_by_step(cloud: Cloud, cluster: str) -> None:
    eks = cloud.client("eks")

    with refused("InvalidParameterException"):
        eks.update_cluster_version(name=cluster, version="1.37")
    update = eks.update_cluster_version(name=cluster, version="1.36")["update"]
    assert eks.describe_update(name=cluster, updateId=update["id"])["update"]["status"] == "Successful"
    eks.update_cluster_config(name=cluster, resourcesVpcConfig={"endpointPublicAccess": False})
    eks.update_cluster_config(name=cluster, deletionProtection=True)

    found = eks.describe_cluster(name=cluster)["cluster"]
    assert (found["version"], found["resourcesVpcConfig"]["endpointPublicAccess"]) == ("1.36", False)
    assert found["resourcesVpcConfig"]["endpointPrivateAccess"]  # what was not said has stayed
    with refused("InvalidRequestException"):
        eks.delete_cluster(name=cluster)
    eks.update_cluster_config(name=cluster, deletionProtection=False)


def test_nodes_hold_their_cluster(cloud: Cloud, cluster: str, subnet: dict[str, Any]) -> None:
    eks = cloud.client("eks")
    scaling = {"minSize": 2, "desiredSize": 2, "maxSize": 2}
    nodes = {"clusterName": cluster, "nodegroupName": "nodes"}
    made = eks.create_nodegroup(**nodes, scalingConfig=scaling, subnets=[subnet["SubnetId"]], nodeRole=ROLE)
    assert "remoteAccess" not in made["nodegroup"]
    with refused("ResourceInUseException"):
        eks.create_nodegroup(**nodes, scalingConfig=scaling, subnets=[subnet["SubnetId"]], nodeRole=ROLE)
    with refused("ResourceInUseException"):
        eks.delete_cluster(name=cluster)

    eks.update_nodegroup_config(**nodes, scalingConfig=scaling | {"desiredSize": 3, "maxSize": 3})
    eks.tag_resource(resourceArn=made["nodegroup"]["nodegroupArn"], tags={"a": "b", "c": "d"})
    eks.untag_resource(resourceArn=made["nodegroup"]["nodegroupArn"], tagKeys=["a"])

    found = eks.describe_nodegroup(**nodes)["nodegroup"]
    assert (found["version"], found["scalingConfig"]["desiredSize"], found["tags"]) == ("1.35", 3, {"c": "d"})
    eks.delete_nodegroup(**nodes)
    with refused("ResourceNotFoundException"):
        eks.describe_nodegroup(**nodes)


def test_an_add_on_brings_its_identities_and_takes_them_along(cloud: Cloud, cluster: str) -> None:
    eks = cloud.client("eks")
    (known,) = eks.describe_addon_versions(addonName="vpc-cni", kubernetesVersion="1.35")["addons"]
    version = known["addonVersions"][0]
    assert version["compatibilities"][0]["defaultVersion"]
    identity = {"serviceAccount": "aws-node", "roleArn": ROLE}
    addon = {"clusterName": cluster, "addonName": "vpc-cni"}

    eks.create_addon(**addon, podIdentityAssociations=[identity])
    found = eks.describe_addon(**addon)["addon"]
    assert found["addonVersion"] == version["addonVersion"]
    (listed,) = eks.list_pod_identity_associations(clusterName=cluster)["associations"]
    assert found["podIdentityAssociations"] == [listed["associationArn"]]
    assert (listed["namespace"], listed["ownerArn"]) == ("kube-system", found["addonArn"])
    eks.update_addon(**addon, configurationValues="{}")
    assert eks.describe_addon(**addon)["addon"]["configurationValues"] == "{}"

    eks.delete_addon(**addon)
    assert eks.list_addons(clusterName=cluster)["addons"] == []
    assert eks.list_pod_identity_associations(clusterName=cluster)["associations"] == []
    with refused("InvalidParameterException"):
        eks.create_addon(clusterName=cluster, addonName="unheard-of")


def test_a_service_account_has_one_role(cloud: Cloud, cluster: str) -> None:
    eks = cloud.client("eks")
    account = {"clusterName": cluster, "namespace": "n", "serviceAccount": "s"}
    made = eks.create_pod_identity_association(**account, roleArn=ROLE)["association"]
    with refused("ResourceInUseException"):
        eks.create_pod_identity_association(**account, roleArn=ROLE)

    one = {"clusterName": cluster, "associationId": made["associationId"]}
    eks.update_pod_identity_association(**one, roleArn=f"{ROLE}b")
    assert eks.describe_pod_identity_association(**one)["association"]["roleArn"] == f"{ROLE}b"
    assert eks.list_pod_identity_associations(clusterName=cluster, namespace="other")["associations"] == []
    eks.delete_pod_identity_association(**one)
    with refused("ResourceNotFoundException"):
        eks.describe_pod_identity_association(**one)


def test_an_access_entry_has_the_policies_that_are_associated(cloud: Cloud, cluster: str) -> None:
    eks = cloud.client("eks")
    entry = {"clusterName": cluster, "principalArn": ROLE}
    policy = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy"
    eks.create_access_entry(**entry, kubernetesGroups=["viewers"])
    scope = {"type": "namespace", "namespaces": ["datavault"]}
    eks.associate_access_policy(**entry, policyArn=policy, accessScope=scope)

    (associated,) = eks.list_associated_access_policies(**entry)["associatedAccessPolicies"]
    assert (associated["policyArn"], associated["accessScope"]) == (policy, scope)
    assert eks.describe_access_entry(**entry)["accessEntry"]["kubernetesGroups"] == ["viewers"]
    eks.disassociate_access_policy(**entry, policyArn=policy)
    assert eks.list_associated_access_policies(**entry)["associatedAccessPolicies"] == []
    with refused("ResourceNotFoundException"):
        eks.disassociate_access_policy(**entry, policyArn=policy)
    eks.associate_access_policy(**entry, policyArn=policy, accessScope=scope)
    eks.delete_access_entry(**entry)
    assert eks.list_access_entries(clusterName=cluster)["accessEntries"] == []
    # One of the same name begins without.
    eks.create_access_entry(**entry)
    assert eks.list_associated_access_policies(**entry)["associatedAccessPolicies"] == []


def test_what_is_not_here_is_refused_by_name(cloud: Cloud, cluster: str) -> None:
    with pytest.raises(ClientError, match="CreateFargateProfile is not supported by the local eks"):
        cloud.client("eks", retries={"max_attempts": 0}).create_fargate_profile(
            fargateProfileName="f", clusterName=cluster, podExecutionRoleArn=ROLE
        )


def test_a_repository_keeps_its_settings_and_policies(cloud: Cloud) -> None:
    ecr, repository = cloud.client("ecr"), name("repository")
    ecr.create_repository(
        repositoryName=repository,
        imageTagMutability="IMMUTABLE",
        imageScanningConfiguration={"scanOnPush": True},
        encryptionConfiguration={"encryptionType": "KMS"},
    )
    selection = {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 30}
    rules = {"rules": [{"rulePriority": 1, "selection": selection, "action": {"type": "expire"}}]}
    ecr.put_lifecycle_policy(repositoryName=repository, lifecyclePolicyText=json.dumps(rules))

    (found,) = ecr.describe_repositories(repositoryNames=[repository])["repositories"]
    assert (found["imageTagMutability"], found["encryptionConfiguration"]["encryptionType"]) == ("IMMUTABLE", "KMS")
    assert json.loads(ecr.get_lifecycle_policy(repositoryName=repository)["lifecyclePolicyText"]) == rules
    ecr.delete_repository(repositoryName=repository)
    with refused("RepositoryNotFoundException"):
        ecr.describe_repositories(repositoryNames=[repository])


def test_a_service_network_goes_when_no_vpc_is_in_it(cloud: Cloud, subnet: dict[str, Any]) -> None:
    lattice, network = cloud.client("vpc-lattice"), name("network")
    made = lattice.create_service_network(name=network, authType="AWS_IAM", tags={"a": "b"})
    with refused("ConflictException"):
        lattice.create_service_network(name=network)
    association = lattice.create_service_network_vpc_association(
        serviceNetworkIdentifier=made["arn"], vpcIdentifier=subnet["VpcId"], securityGroupIds=["sg-12345678"]
    )
    found = lattice.get_service_network_vpc_association(serviceNetworkVpcAssociationIdentifier=association["arn"])
    assert (found["status"], found["vpcId"], found["serviceNetworkId"]) == ("ACTIVE", subnet["VpcId"], made["id"])
    with refused("ConflictException"):
        lattice.delete_service_network(serviceNetworkIdentifier=made["id"])

    lattice.tag_resource(resourceArn=made["arn"], tags={"c": "d"})
    lattice.untag_resource(resourceArn=made["arn"], tagKeys=["a"])
    assert lattice.list_tags_for_resource(resourceArn=made["arn"])["tags"] == {"c": "d"}

    lattice.delete_service_network_vpc_association(serviceNetworkVpcAssociationIdentifier=association["id"])
    lattice.delete_service_network(serviceNetworkIdentifier=made["id"])
    with refused("ResourceNotFoundException"):
        lattice.get_service_network(serviceNetworkIdentifier=made["id"])


def test_a_service_network_has_a_policy_and_a_log(cloud: Cloud) -> None:
    lattice, log = cloud.client("vpc-lattice"), "arn:aws:logs:us-east-1:000000000000:log-group:a"
    network = lattice.create_service_network(name=name("network"))["id"]
    with refused("ResourceNotFoundException"):
        lattice.get_auth_policy(resourceIdentifier=network)
    with refused("ValidationException"):
        lattice.put_auth_policy(resourceIdentifier=network, policy="{")
    assert lattice.put_auth_policy(resourceIdentifier=network, policy="{}")["state"] == "Inactive"
    lattice.update_service_network(serviceNetworkIdentifier=network, authType="AWS_IAM")
    assert lattice.get_auth_policy(resourceIdentifier=network)["state"] == "Active"

    subscription = lattice.create_access_log_subscription(resourceIdentifier=network, destinationArn=log)["id"]
    lattice.update_access_log_subscription(accessLogSubscriptionIdentifier=subscription, destinationArn=f"{log}b")
    (found,) = lattice.list_access_log_subscriptions(resourceIdentifier=network)["items"]
    assert found["destinationArn"] == f"{log}b"

    lattice.delete_service_network(serviceNetworkIdentifier=network)
    with refused("ResourceNotFoundException"):
        lattice.get_access_log_subscription(accessLogSubscriptionIdentifier=subscription)
