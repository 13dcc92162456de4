"""CodeDeploy in one account and region: its resources, and the deployments that run."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime

from localcloud.plugins.codedeploy.appspec import ReleaseError, parse
from localcloud.plugins.codedeploy.deployments import Deployment, Functions, new_id, run
from localcloud.plugins.codedeploy.resources import Request, Resources, Response


class Account:
    """Deployments by their id; each runs in a thread of its own."""

    def __init__(self, account: str, region: str, functions: Functions) -> None:
        self._resources = Resources(account, region)
        self._functions = functions
        self._deployments: dict[str, Deployment] = {}

    def operations(self) -> dict[str, Callable[[Request], Response]]:
        """Everything that is supported, by its name in the API."""
        return {
            **self._resources.operations(),
            "CreateDeployment": self._create_deployment,
            "GetDeployment": lambda request: {"deploymentInfo": self._deployment(request["deploymentId"]).info},
            "StopDeployment": self._stop_deployment,
            "ListDeployments": self._list_deployments,
        }

    def _create_deployment(self, request: Request) -> Response:
        group = self._resources.group(request)
        revision = request.get("revision", {})
        if revision.get("revisionType") != "AppSpecContent":
            raise ReleaseError("InvalidRevisionException", "the local CodeDeploy takes the AppSpec's content only")
        configuration = request.get("deploymentConfigName", group["deploymentConfigName"])
        routing = self._resources.routing(configuration)
        info = {
            "applicationName": request["applicationName"],
            "deploymentGroupName": request["deploymentGroupName"],
            "deploymentConfigName": configuration,
            "deploymentId": new_id(),
            "computePlatform": "Lambda",
            "creator": "user",
            "createTime": datetime.now(UTC),
            "revision": revision,
            "status": "Created",
        }
        overrides = {
            "autoRollbackConfiguration": request.get("autoRollbackConfiguration"),
            "alarmConfiguration": request.get("overrideAlarmConfiguration"),
        }
        settings = {**group, **{name: value for name, value in overrides.items() if value}}
        deployment = Deployment(info, parse(revision["appSpecContent"]["content"]), settings)
        self._deployments[info["deploymentId"]] = deployment

        def deploy() -> None:
            run(deployment, routing, self._functions, self._keep)

        threading.Thread(target=deploy, name=info["deploymentId"], daemon=True).start()
        return {"deploymentId": info["deploymentId"]}

    def _keep(self, deployment: Deployment) -> None:
        self._deployments[deployment.info["deploymentId"]] = deployment

    def _stop_deployment(self, request: Request) -> Response:
        deployment = self._deployment(request["deploymentId"])
        if "completeTime" in deployment.info:
            raise ReleaseError("DeploymentAlreadyCompletedException", f"{request['deploymentId']} has ended")
        deployment.rolls_back_when_stopped = bool(request.get("autoRollbackEnabled"))
        deployment.stop.set()
        return {"status": "Pending"}

    def _list_deployments(self, request: Request) -> Response:
        wanted = {item: request[item] for item in ("applicationName", "deploymentGroupName") if item in request}
        statuses = request.get("includeOnlyStatuses")
        infos = [deployment.info for deployment in self._deployments.values()]
        return {
            "deployments": [
                info["deploymentId"]
                for info in infos
                if wanted.items() <= info.items() and (not statuses or info["status"] in statuses)
            ]
        }

    def _deployment(self, name: str) -> Deployment:
        if name not in self._deployments:
            raise ReleaseError("DeploymentDoesNotExistException", f"The deployment {name} could not be found")
        return self._deployments[name]
