"""What lies in a cluster beside its nodes: add-ons, access entries with their policies, identities of pods."""

import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from typing import ClassVar

from localcloud.plugins.eks.store import Record, Store
from localcloud.plugins.own import Operations, RefusedError, Request, Response

# EKS knows many; these are what we ask for. Their versions are made up from the Kubernetes version.
_ADD_ONS = ("coredns", "eks-pod-identity-agent", "kube-proxy", "metrics-server", "vpc-cni")


class Children:
    """The operations, over the account's store; `updated` makes the answer that an update has succeeded."""

    NAMES: ClassVar = {"access entry": "principalArn", "add-on": "addonName", "pod identity": "associationId"}
    ARNS: ClassVar = ("accessEntryArn", "addonArn", "associationArn")

    def __init__(self, store: Store, arn: str, updated: Callable[[str], Response]) -> None:
        self._store = store
        self._arn = arn
        self._updated = updated

    def operations(self) -> Operations:
        """By their names in the API."""
        return {
            "DescribeAddonVersions": _addon_versions,
            "CreateAddon": self._create_addon,
            "DescribeAddon": lambda request: {"addon": self._get("add-on", request)},
            "ListAddons": lambda request: {"addons": self._list("add-on", request)},
            "UpdateAddon": self._update_addon,
            "DeleteAddon": self._delete_addon,
            "CreateAccessEntry": self._create_entry,
            "DescribeAccessEntry": lambda request: {"accessEntry": self._get("access entry", request)},
            "ListAccessEntries": lambda request: {"accessEntries": self._list("access entry", request)},
            "UpdateAccessEntry": self._update_entry,
            "DeleteAccessEntry": lambda request: self._delete("access entry", request),
            "AssociateAccessPolicy": self._associate,
            "ListAssociatedAccessPolicies": self._associated,
            "DisassociateAccessPolicy": self._disassociate,
            "CreatePodIdentityAssociation": lambda request: {"association": self._identify(request)},
            "DescribePodIdentityAssociation": lambda request: {"association": self._get("pod identity", request)},
            "ListPodIdentityAssociations": self._identities,
            "UpdatePodIdentityAssociation": self._update_identity,
            "DeletePodIdentityAssociation": self._delete_identity,
        }

    def _name(self, kind: str, request: Request) -> tuple[str, str]:
        self._store.get("cluster", request["clusterName"])
        return request["clusterName"], request[self.NAMES[kind]]

    def _get(self, kind: str, request: Request) -> Record:
        return self._store.get(kind, *self._name(kind, request))

    def _list(self, kind: str, request: Request) -> list[str]:
        self._store.get("cluster", request["clusterName"])
        return [record[self.NAMES[kind]] for record in self._store.under(kind, request["clusterName"])]

    def _delete(self, kind: str, request: Request) -> Response:
        self._store.pop(kind, *self._name(kind, request))
        return {}

    def _create_addon(self, request: Request) -> Response:
        name = self._name("add-on", request)
        if name[1] not in _ADD_ONS:
            raise RefusedError("InvalidParameterException", f"Addon {name[1]} specified is not supported", 400)
        arn = f"{self._arn}:addon/{'/'.join(name)}/{secrets.token_hex(16)}"
        addon = {
            "addonName": name[1],
            "clusterName": name[0],
            "addonArn": arn,
            "addonVersion": request.get("addonVersion") or _version(self._store.get("cluster", name[0])["version"]),
            "status": "ACTIVE",
            "health": {"issues": []},
            "tags": request.get("tags", {}),
            "podIdentityAssociations": [],
        }
        if "configurationValues" in request:
            addon["configurationValues"] = request["configurationValues"]
        added = self._store.add("add-on", name, addon)
        self._identify_addon(added, request)
        return {"addon": added}

    def _identify_addon(self, addon: Record, request: Request) -> None:
        """An add-on's identities are associations of its own, which go with it."""
        if "podIdentityAssociations" not in request:
            return
        self._forget_identities(addon)
        made = [
            self._identify(
                {"clusterName": addon["clusterName"], "namespace": "kube-system", **wanted}, addon["addonArn"]
            )
            for wanted in request["podIdentityAssociations"]
        ]
        addon["podIdentityAssociations"] = [association["associationArn"] for association in made]

    def _forget_identities(self, addon: Record) -> None:
        for association in self._store.under("pod identity", addon["clusterName"]):
            if association.get("ownerArn") == addon["addonArn"]:
                self._store.pop("pod identity", addon["clusterName"], association["associationId"])

    def _update_addon(self, request: Request) -> Response:
        name = self._name("add-on", request)
        changes = {key: request.get(key) for key in ("addonVersion", "configurationValues")}
        self._identify_addon(self._store.change("add-on", *name, **changes), request)
        return self._updated("AddonUpdate")

    def _delete_addon(self, request: Request) -> Response:
        name = self._name("add-on", request)
        self._forget_identities(self._store.get("add-on", *name))
        return {"addon": self._store.pop("add-on", *name)}

    def _create_entry(self, request: Request) -> Response:
        cluster, principal = self._name("access entry", request)
        if self._store.get("cluster", cluster)["accessConfig"]["authenticationMode"] == "CONFIG_MAP":
            raise RefusedError(
                "InvalidRequestException",
                "The cluster's authentication mode must be set to API or API_AND_CONFIG_MAP",
                400,
            )
        kind, _, name = principal.rpartition(":")[2].partition("/")
        account = principal.split(":")[4]
        entry = {
            "clusterName": cluster,
            "principalArn": principal,
            "kubernetesGroups": request.get("kubernetesGroups", []),
            "accessEntryArn": f"{self._arn}:access-entry/{cluster}/{kind}/{account}/{name}/{secrets.token_hex(16)}",
            "username": request.get("username", principal),
            "type": request.get("type", "STANDARD"),
            "tags": request.get("tags", {}),
        }
        return {"accessEntry": self._store.add("access entry", (cluster, principal), entry)}

    def _update_entry(self, request: Request) -> Response:
        changes = {key: request.get(key) for key in ("kubernetesGroups", "username")}
        return {"accessEntry": self._store.change("access entry", *self._name("access entry", request), **changes)}

    def _policies(self, request: Request) -> dict[str, Record]:
        """The policies of an entry: in its record, of which EKS tells everything else."""
        policies: dict[str, Record] = self._get("access entry", request).setdefault("policies", {})
        return policies

    def _associate(self, request: Request) -> Response:
        now = datetime.now(UTC)
        policy = {
            "policyArn": request["policyArn"],
            "accessScope": {"namespaces": [], **request["accessScope"]},
            "associatedAt": now,
            "modifiedAt": now,
        }
        self._policies(request)[request["policyArn"]] = policy
        return {**_entry_of(request), "associatedAccessPolicy": policy}

    def _associated(self, request: Request) -> Response:
        return {**_entry_of(request), "associatedAccessPolicies": list(self._policies(request).values())}

    def _disassociate(self, request: Request) -> Response:
        if self._policies(request).pop(request["policyArn"], None) is None:
            raise RefusedError("ResourceNotFoundException", f"{request['policyArn']} is not associated", 404)
        return {}

    def _identify(self, request: Request, owner: str | None = None) -> Record:
        cluster = self._store.get("cluster", request["clusterName"])["name"]
        for known in self._store.under("pod identity", cluster):
            if all(known[key] == request[key] for key in ("namespace", "serviceAccount")):
                raise RefusedError(
                    "ResourceInUseException",
                    f"Association already exists: {known['associationId']}",
                    409,
                )
        identifier = f"a-{secrets.token_hex(9)[:17]}"
        association = {
            "clusterName": cluster,
            "namespace": request["namespace"],
            "serviceAccount": request["serviceAccount"],
            "roleArn": request["roleArn"],
            "associationId": identifier,
            "associationArn": f"{self._arn}:podidentityassociation/{cluster}/{identifier}",
            "tags": request.get("tags", {}),
        }
        return self._store.add(
            "pod identity", (cluster, identifier), association | ({"ownerArn": owner} if owner else {})
        )

    def _identities(self, request: Request) -> Response:
        self._store.get("cluster", request["clusterName"])
        asked = {key: request[key] for key in ("namespace", "serviceAccount") if key in request}
        found = self._store.under("pod identity", request["clusterName"])
        shown = ("clusterName", "namespace", "serviceAccount", "associationArn", "associationId", "ownerArn")
        return {
            "associations": [
                {key: record[key] for key in shown if key in record}
                for record in found
                if asked.items() <= record.items()
            ]
        }

    def _update_identity(self, request: Request) -> Response:
        name = self._name("pod identity", request)
        return {"association": self._store.change("pod identity", *name, roleArn=request.get("roleArn"))}

    def _delete_identity(self, request: Request) -> Response:
        return {"association": self._store.pop("pod identity", *self._name("pod identity", request))}


def _entry_of(request: Request) -> Response:
    return {"clusterName": request["clusterName"], "principalArn": request["principalArn"]}


def _version(kubernetes: str) -> str:
    return f"v{kubernetes}.0-eksbuild.1"


def _addon_versions(request: Request) -> Response:
    version = request.get("kubernetesVersion", "1.36")
    compatible = [{"clusterVersion": version, "platformVersions": ["*"], "defaultVersion": True}]
    return {
        "addons": [
            {"addonName": name, "addonVersions": [{"addonVersion": _version(version), "compatibilities": compatible}]}
            for name in _ADD_ONS
            if name == request.get("addonName", name)
        ]
    }
