"""CodeDeploy's applications, deployment groups, configurations and tags of one account in one region."""

import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from localcloud.plugins.codedeploy.appspec import ReleaseError, predefined

Request = dict[str, Any]
Response = dict[str, Any]


class Resources:
    """What was made, by name."""

    def __init__(self, account: str, region: str) -> None:
        self._prefix = f"arn:aws:codedeploy:{region}:{account}"
        self._applications: dict[str, dict[str, Any]] = {}
        self._groups: dict[tuple[str, str], dict[str, Any]] = {}
        self._configurations: dict[str, dict[str, Any]] = {}
        self._tags: dict[str, dict[str, str]] = {}

    def operations(self) -> dict[str, Callable[[Request], Response]]:
        """Everything that is supported, by its name in the API."""
        return {
            "CreateApplication": self._create_application,
            "GetApplication": lambda request: {"application": self._application(request["applicationName"])},
            "UpdateApplication": self._update_application,
            "DeleteApplication": self._delete_application,
            "ListApplications": lambda _: {"applications": sorted(self._applications)},
            "CreateDeploymentGroup": self._create_group,
            "GetDeploymentGroup": self._get_group,
            "UpdateDeploymentGroup": self._update_group,
            "DeleteDeploymentGroup": self._delete_group,
            "ListDeploymentGroups": self._list_groups,
            "CreateDeploymentConfig": self._create_configuration,
            "GetDeploymentConfig": self._get_configuration,
            "DeleteDeploymentConfig": self._delete_configuration,
            "ListDeploymentConfigs": lambda _: {"deploymentConfigsList": [*predefined(), *self._configurations]},
            "ListTagsForResource": self._list_tags,
            "TagResource": self._tag,
            "UntagResource": self._untag,
        }

    def _create_application(self, request: Request) -> Response:
        name = request["applicationName"]
        if name in self._applications:
            raise ReleaseError("ApplicationAlreadyExistsException", f"Application already exists: {name}")
        if request.get("computePlatform") != "Lambda":
            raise ReleaseError("InvalidComputePlatformException", "the local CodeDeploy deploys functions only")
        application = {
            "applicationId": str(uuid.uuid4()),
            "applicationName": name,
            "computePlatform": "Lambda",
            "createTime": datetime.now(UTC),
            "linkedToGitHub": False,
        }
        self._applications[name] = application
        self._tags[f"{self._prefix}:application:{name}"] = _by_key(request.get("tags", []))
        return {"applicationId": application["applicationId"]}

    def _update_application(self, request: Request) -> Response:
        old, new = request["applicationName"], request.get("newApplicationName") or request["applicationName"]
        self._applications[new] = {**self._application(old), "applicationName": new}
        for owner, name in [key for key in self._groups if key[0] == old]:
            self._groups[new, name] = {**self._groups.pop((owner, name)), "applicationName": new}
        if new != old:
            del self._applications[old]
            self._tags[f"{self._prefix}:application:{new}"] = self._tags.pop(f"{self._prefix}:application:{old}", {})
        return {}

    def _delete_application(self, request: Request) -> Response:
        name = request["applicationName"]
        self._applications.pop(name, None)
        self._groups = {key: group for key, group in self._groups.items() if key[0] != name}
        self._tags.pop(f"{self._prefix}:application:{name}", None)
        return {}

    def _create_group(self, request: Request) -> Response:
        application, name = request["applicationName"], request["deploymentGroupName"]
        self._application(application)
        if (application, name) in self._groups:
            raise ReleaseError("DeploymentGroupAlreadyExistsException", f"Deployment group already exists: {name}")
        group = {item: value for item, value in request.items() if item != "tags"}
        group.setdefault("deploymentConfigName", "CodeDeployDefault.LambdaAllAtOnce")
        self.routing(group["deploymentConfigName"])
        group |= {"deploymentGroupId": str(uuid.uuid4()), "computePlatform": "Lambda"}
        self._groups[application, name] = group
        self._tags[f"{self._prefix}:deploymentgroup:{application}/{name}"] = _by_key(request.get("tags", []))
        return {"deploymentGroupId": group["deploymentGroupId"]}

    def _get_group(self, request: Request) -> Response:
        return {"deploymentGroupInfo": self.group(request)}

    def _update_group(self, request: Request) -> Response:
        application, name = str(request["applicationName"]), str(request["currentDeploymentGroupName"])
        group = self.group({"applicationName": application, "deploymentGroupName": name})
        new_name = str(request.get("newDeploymentGroupName") or name)
        changes = {
            item: value
            for item, value in request.items()
            if item not in ("applicationName", "currentDeploymentGroupName", "newDeploymentGroupName")
        }
        self.routing(changes.get("deploymentConfigName", group["deploymentConfigName"]))
        del self._groups[application, name]
        self._groups[application, new_name] = {**group, **changes, "deploymentGroupName": new_name}
        return {}

    def _delete_group(self, request: Request) -> Response:
        application, name = request["applicationName"], request["deploymentGroupName"]
        self._groups.pop((application, name), None)
        self._tags.pop(f"{self._prefix}:deploymentgroup:{application}/{name}", None)
        return {}

    def _list_groups(self, request: Request) -> Response:
        application = request["applicationName"]
        self._application(application)
        names = [name for owner, name in self._groups if owner == application]
        return {"applicationName": application, "deploymentGroups": names}

    def _create_configuration(self, request: Request) -> Response:
        name = request["deploymentConfigName"]
        if name in self._configurations or name in predefined():
            raise ReleaseError("DeploymentConfigAlreadyExistsException", f"configuration already exists: {name}")
        if request.get("computePlatform") != "Lambda":
            raise ReleaseError("InvalidComputePlatformException", "the local CodeDeploy deploys functions only")
        configuration = {**request, "deploymentConfigId": str(uuid.uuid4()), "createTime": datetime.now(UTC)}
        self._configurations[name] = configuration
        return {"deploymentConfigId": configuration["deploymentConfigId"]}

    def _get_configuration(self, request: Request) -> Response:
        name = request["deploymentConfigName"]
        routing = self.routing(name)
        configuration = self._configurations.get(
            name, {"deploymentConfigName": name, "computePlatform": "Lambda", "trafficRoutingConfig": routing}
        )
        return {"deploymentConfigInfo": configuration}

    def _delete_configuration(self, request: Request) -> Response:
        name = request["deploymentConfigName"]
        if any(group["deploymentConfigName"] == name for group in self._groups.values()):
            raise ReleaseError("DeploymentConfigInUseException", f"a deployment group uses {name}")
        self._configurations.pop(name, None)
        return {}

    def _list_tags(self, request: Request) -> Response:
        tags = self._tags.get(request["ResourceArn"], {})
        return {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}

    def _tag(self, request: Request) -> Response:
        self._tags.setdefault(request["ResourceArn"], {}).update(_by_key(request["Tags"]))
        return {}

    def _untag(self, request: Request) -> Response:
        for key in request["TagKeys"]:
            self._tags.get(request["ResourceArn"], {}).pop(key, None)
        return {}

    def _application(self, name: str) -> dict[str, Any]:
        if name not in self._applications:
            raise ReleaseError("ApplicationDoesNotExistException", f"No application found for name: {name}")
        return self._applications[name]

    def group(self, request: Request) -> dict[str, Any]:
        """The deployment group that a request names."""
        application, name = request["applicationName"], request["deploymentGroupName"]
        self._application(application)
        if (application, name) not in self._groups:
            raise ReleaseError("DeploymentGroupDoesNotExistException", f"No Deployment Group found for name: {name}")
        return self._groups[application, name]

    def routing(self, name: str) -> dict[str, Any]:
        """How the configuration shifts traffic (TrafficRoutingConfig of the API)."""
        if name in self._configurations:
            return dict(self._configurations[name]["trafficRoutingConfig"])
        if name not in predefined():
            raise ReleaseError("DeploymentConfigDoesNotExistException", f"No Deployment Configuration found: {name}")
        return predefined()[name]


def _by_key(tags: list[dict[str, str]]) -> dict[str, str]:
    return {tag["Key"]: tag.get("Value", "") for tag in tags}
