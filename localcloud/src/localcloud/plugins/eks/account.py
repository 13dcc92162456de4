"""EKS in one account and region: clusters and node groups, and the operations of all that lies in them."""

import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from localcloud.plugins.eks.children import Children
from localcloud.plugins.eks.store import Record, Store
from localcloud.plugins.own import Operations, RefusedError, Request, Response

# What EKS answers where nothing was said.
_DEFAULT_VERSION = "1.36"
_LOG_KINDS = ("api", "audit", "authenticator", "controllerManager", "scheduler")
_MINOR = len("1.")


class Account:
    """Clusters by name; everything is active at once, and every update has succeeded."""

    def __init__(self, account: str, region: str, vpc_of: Callable[[list[str]], str]) -> None:
        self._arn = f"arn:aws:eks:{region}:{account}"
        self._region = region
        self._vpc_of = vpc_of
        self._store = Store()
        self._updates: dict[str, Record] = {}

    def operations(self) -> Operations:
        """Everything that is supported, by its name in the API."""
        return {
            **Children(self._store, self._arn, self._updated).operations(),
            "CreateCluster": self._create_cluster,
            "DescribeCluster": lambda request: {"cluster": self._store.get("cluster", request["name"])},
            "ListClusters": lambda _: {"clusters": [cluster["name"] for cluster in self._store.under("cluster")]},
            "UpdateClusterConfig": self._update_cluster,
            "UpdateClusterVersion": self._update_version,
            "DeleteCluster": self._delete_cluster,
            "CreateNodegroup": self._create_nodes,
            "DescribeNodegroup": lambda request: {"nodegroup": self._nodes(request)},
            "ListNodegroups": self._list_nodes,
            "UpdateNodegroupConfig": self._update_nodes,
            "UpdateNodegroupVersion": self._update_nodes,
            "DeleteNodegroup": lambda request: {"nodegroup": self._store.pop("node group", *_nodes_name(request))},
            "DescribeUpdate": self._describe_update,
            "TagResource": self._tag,
            "UntagResource": self._untag,
            "ListTagsForResource": lambda request: {"tags": self._by_arn(request["resourceArn"])["tags"]},
        }

    def _create_cluster(self, request: Request) -> Response:
        name, network = request["name"], request["resourcesVpcConfig"]
        identifier = secrets.token_hex(16).upper()
        host = f"{identifier}.gr7.{self._region}.eks.amazonaws.com"
        access = {"authenticationMode": "CONFIG_MAP", **request.get("accessConfig", {})}
        access.pop("bootstrapClusterCreatorAdminPermissions", None)  # known at creation only
        cluster = {
            "name": name,
            "arn": f"{self._arn}:cluster/{name}",
            "version": request.get("version", _DEFAULT_VERSION),
            "platformVersion": "eks.1",
            "endpoint": f"https://{host}",
            "roleArn": request["roleArn"],
            "status": "ACTIVE",
            "certificateAuthority": {"data": ""},
            "identity": {"oidc": {"issuer": f"https://oidc.eks.{self._region}.amazonaws.com/id/{identifier}"}},
            "resourcesVpcConfig": {
                "endpointPublicAccess": True,
                "endpointPrivateAccess": False,
                "publicAccessCidrs": ["0.0.0.0/0"],
                "securityGroupIds": [],
                **network,
                "clusterSecurityGroupId": f"sg-{secrets.token_hex(8)}",
                "vpcId": self._vpc_of(network["subnetIds"]),
            },
            "kubernetesNetworkConfig": {
                "serviceIpv4Cidr": "172.20.0.0/16",
                "ipFamily": "ipv4",
                "elasticLoadBalancing": {"enabled": False},
                **request.get("kubernetesNetworkConfig", {}),
            },
            "logging": _logging(request.get("logging", {})),
            "accessConfig": access,
            "encryptionConfig": request.get("encryptionConfig", []),
            "upgradePolicy": {"supportType": "EXTENDED", **request.get("upgradePolicy", {})},
            "deletionProtection": request.get("deletionProtection", False),
            "tags": request.get("tags", {}),
        }
        return {"cluster": self._store.add("cluster", (name,), cluster)}

    def _update_cluster(self, request: Request) -> Response:
        cluster = self._store.get("cluster", request["name"])
        merged = {
            name: {**cluster[name], **request[name]}
            for name in ("accessConfig", "resourcesVpcConfig", "upgradePolicy")
            if name in request
        }
        logging = _logging(request["logging"]) if "logging" in request else None
        self._store.change(
            "cluster", request["name"], logging=logging, deletionProtection=request.get("deletionProtection"), **merged
        )
        return self._updated("ConfigUpdate")

    def _update_version(self, request: Request) -> Response:
        cluster = self._store.get("cluster", request["name"])
        steps = int(request["version"][_MINOR:]) - int(cluster["version"][_MINOR:])
        if steps != 1:
            raise RefusedError(
                "InvalidParameterException",
                f"Unsupported Kubernetes minor version update from {cluster['version']} to {request['version']}",
                400,
            )
        self._store.change("cluster", request["name"], version=request["version"])
        return self._updated("VersionUpdate")

    def _delete_cluster(self, request: Request) -> Response:
        cluster = self._store.get("cluster", request["name"])
        if cluster["deletionProtection"]:
            raise RefusedError("InvalidRequestException", "Cluster has deletion protection enabled", 400)
        if self._store.under("node group", request["name"]):
            raise RefusedError("ResourceInUseException", "Cluster has nodegroups attached", 409)
        # Whatever else is in it goes with it.
        for kind in ("access entry", "add-on", "pod identity"):
            for child in self._store.under(kind, request["name"]):
                self._store.pop(kind, request["name"], child[Children.NAMES[kind]])
        return {"cluster": self._store.pop("cluster", request["name"])}

    def _create_nodes(self, request: Request) -> Response:
        cluster = self._store.get("cluster", request["clusterName"])
        version = request.get("version", cluster["version"])
        identifier = "/".join((*_nodes_name(request), secrets.token_hex(16)))
        nodes = {
            "capacityType": "ON_DEMAND",
            "labels": {},
            "tags": {},
            "updateConfig": {"maxUnavailable": 1},
            **{key: value for key, value in request.items() if key != "clientRequestToken"},
            "nodegroupArn": f"{self._arn}:nodegroup/{identifier}",
            "version": version,
            "releaseVersion": request.get("releaseVersion", f"{version}.0-20261101"),
            "status": "ACTIVE",
            "health": {"issues": []},
            "resources": {"autoScalingGroups": [{"name": f"eks-{request['nodegroupName']}-{secrets.token_hex(4)}"}]},
        }
        return {"nodegroup": self._store.add("node group", _nodes_name(request), nodes)}

    def _nodes(self, request: Request) -> Record:
        return self._store.get("node group", *_nodes_name(request))

    def _list_nodes(self, request: Request) -> Response:
        self._store.get("cluster", request["clusterName"])
        found = self._store.under("node group", request["clusterName"])
        return {"nodegroups": [nodes["nodegroupName"] for nodes in found]}

    def _update_nodes(self, request: Request) -> Response:
        kept = ("launchTemplate", "nodeRepairConfig", "releaseVersion", "scalingConfig", "updateConfig", "version")
        self._store.change("node group", *_nodes_name(request), **{name: request.get(name) for name in kept})
        return self._updated("ConfigUpdate")

    def _updated(self, kind: str) -> Response:
        identifier = secrets.token_hex(16)
        self._updates[identifier] = {
            "id": identifier,
            "type": kind,
            "status": "Successful",
            "createdAt": datetime.now(UTC),
            "params": [],
            "errors": [],
        }
        return {"update": self._updates[identifier]}

    def _describe_update(self, request: Request) -> Response:
        try:
            return {"update": self._updates[request["updateId"]]}
        except KeyError:
            raise RefusedError("ResourceNotFoundException", f"No update {request['updateId']}.", 404) from None

    def _by_arn(self, arn: str) -> Record:
        for record in self._store.every():
            if arn in (record.get(name) for name in ("arn", "nodegroupArn", *Children.ARNS)):
                return record
        raise RefusedError("NotFoundException", f"Resource {arn} was not found", 404)

    def _tag(self, request: Request) -> Response:
        record = self._by_arn(request["resourceArn"])
        record["tags"] = record["tags"] | request["tags"]
        return {}

    def _untag(self, request: Request) -> Response:
        record = self._by_arn(request["resourceArn"])
        record["tags"] = {key: value for key, value in record["tags"].items() if key not in request["tagKeys"]}
        return {}


def _nodes_name(request: Request) -> tuple[str, str]:
    return request["clusterName"], request["nodegroupName"]


def _logging(asked: dict[str, Any]) -> dict[str, Any]:
    """Every kind of log, on or off, as EKS answers."""
    enabled = {kind for setup in asked.get("clusterLogging", []) if setup.get("enabled") for kind in setup["types"]}
    kinds = {True: [kind for kind in _LOG_KINDS if kind in enabled]}
    kinds[False] = [kind for kind in _LOG_KINDS if kind not in enabled]
    return {"clusterLogging": [{"types": types, "enabled": is_on} for is_on, types in kinds.items() if types]}
