"""VPC Lattice in one account and region: records of API shape by their id or ARN, which ends with it."""

import json
import secrets
from datetime import UTC, datetime
from typing import Any

from localcloud.plugins.own import Operations, RefusedError, Request, Response

Record = dict[str, Any]


class Account:
    """Service networks, associations and subscriptions; each is active at once."""

    def __init__(self, account: str, region: str) -> None:
        self._account = account
        self._arn = f"arn:aws:vpc-lattice:{region}:{account}"
        self._records: dict[str, Record] = {}
        self._policies: dict[str, Record] = {}
        self._tags: dict[str, dict[str, str]] = {}

    def operations(self) -> Operations:
        """Everything that is supported, by its name in the API."""
        return {
            "CreateServiceNetwork": self._create_network,
            "GetServiceNetwork": lambda request: self._get(request["serviceNetworkIdentifier"]),
            "ListServiceNetworks": lambda _: {"items": self._all("sn-")},
            "UpdateServiceNetwork": lambda request: self._change("serviceNetworkIdentifier", request, "authType"),
            "DeleteServiceNetwork": self._delete_network,
            "CreateServiceNetworkVpcAssociation": self._associate,
            "GetServiceNetworkVpcAssociation": lambda request: self._get(request[_ASSOCIATION]),
            "ListServiceNetworkVpcAssociations": lambda _: {"items": self._all("snva-")},
            "UpdateServiceNetworkVpcAssociation": lambda request: self._change(
                _ASSOCIATION, request, "securityGroupIds"
            ),
            "DeleteServiceNetworkVpcAssociation": self._disassociate,
            "CreateAccessLogSubscription": self._subscribe,
            "GetAccessLogSubscription": lambda request: self._get(request[_SUBSCRIPTION]),
            "ListAccessLogSubscriptions": self._subscriptions,
            "UpdateAccessLogSubscription": lambda request: self._change(_SUBSCRIPTION, request, "destinationArn"),
            "DeleteAccessLogSubscription": self._unsubscribe,
            "PutAuthPolicy": self._put_policy,
            "GetAuthPolicy": self._get_policy,
            "DeleteAuthPolicy": self._delete_policy,
            "TagResource": self._tag,
            "UntagResource": self._untag,
            "ListTagsForResource": lambda request: {"tags": self._tags.get(request["resourceArn"], {})},
        }

    def _add(self, prefix: str, kind: str, record: Record, tags: dict[str, str]) -> Record:
        identifier = f"{prefix}{secrets.token_hex(9)[:17]}"
        now = datetime.now(UTC)
        about: Record = {
            "id": identifier,
            "arn": f"{self._arn}:{kind}/{identifier}",
            "createdAt": now,
            "lastUpdatedAt": now,
        }
        self._records[identifier] = about | record
        self._tags[about["arn"]] = dict(tags)
        return self._records[identifier]

    def _get(self, identifier: str) -> Record:
        try:
            return self._records[identifier.rpartition("/")[2]]
        except KeyError:
            raise RefusedError("ResourceNotFoundException", f"{identifier} not found", 404) from None

    def _all(self, prefix: str) -> list[Record]:
        return [record for identifier, record in self._records.items() if identifier.startswith(prefix)]

    def _change(self, name: str, request: Request, field: str) -> Record:
        record = self._get(request[name])
        record |= {field: request[field], "lastUpdatedAt": datetime.now(UTC)}
        return record

    def _delete(self, record: Record) -> None:
        del self._records[record["id"]]
        del self._tags[record["arn"]]
        self._policies.pop(record["id"], None)

    def _create_network(self, request: Request) -> Response:
        if request["name"] in (network["name"] for network in self._all("sn-")):
            raise RefusedError("ConflictException", f"A service network {request['name']} exists", 409)
        network = {"name": request["name"], "authType": request.get("authType", "NONE")}
        return self._add("sn-", "servicenetwork", network, request.get("tags", {}))

    def _delete_network(self, request: Request) -> Response:
        network = self._get(request["serviceNetworkIdentifier"])
        if network["arn"] in (record.get("serviceNetworkArn") for record in self._all("snva-")):
            raise RefusedError("ConflictException", "The service network is associated with a VPC", 409)
        for subscription in self._all("als-"):
            if subscription["resourceArn"] == network["arn"]:
                self._delete(subscription)
        self._delete(network)
        return {}

    def _associate(self, request: Request) -> Response:
        network = self._get(request["serviceNetworkIdentifier"])
        if request["vpcIdentifier"] in (record["vpcId"] for record in self._all("snva-")):
            raise RefusedError("ConflictException", f"{request['vpcIdentifier']} is in a service network", 409)
        association = {
            "status": "ACTIVE",
            "createdBy": self._account,
            "vpcId": request["vpcIdentifier"],
            "securityGroupIds": request.get("securityGroupIds", []),
            "serviceNetworkId": network["id"],
            "serviceNetworkArn": network["arn"],
            "serviceNetworkName": network["name"],
        }
        return self._add("snva-", "servicenetworkvpcassociation", association, request.get("tags", {}))

    def _disassociate(self, request: Request) -> Response:
        association = self._get(request[_ASSOCIATION])
        self._delete(association)
        return {"id": association["id"], "arn": association["arn"], "status": "DELETE_IN_PROGRESS"}

    def _subscribe(self, request: Request) -> Response:
        network = self._get(request["resourceIdentifier"])
        subscription = {
            "resourceId": network["id"],
            "resourceArn": network["arn"],
            "destinationArn": request["destinationArn"],
            "serviceNetworkLogType": request.get("serviceNetworkLogType", "SERVICE"),
        }
        return self._add("als-", "accesslogsubscription", subscription, request.get("tags", {}))

    def _subscriptions(self, request: Request) -> Response:
        network = self._get(request["resourceIdentifier"])
        return {"items": [record for record in self._all("als-") if record["resourceId"] == network["id"]]}

    def _unsubscribe(self, request: Request) -> Response:
        self._delete(self._get(request[_SUBSCRIPTION]))
        return {}

    def _put_policy(self, request: Request) -> Response:
        network = self._get(request["resourceIdentifier"])
        try:
            json.loads(request["policy"])
        except json.JSONDecodeError as error:
            raise RefusedError("ValidationException", f"The policy is not JSON: {error}", 400) from error
        now = datetime.now(UTC)
        known = self._policies.get(network["id"], {"createdAt": now})
        self._policies[network["id"]] = known | {"policy": request["policy"], "lastUpdatedAt": now}
        return {"policy": request["policy"], "state": _state(network)}

    def _get_policy(self, request: Request) -> Response:
        network = self._get(request["resourceIdentifier"])
        if network["id"] not in self._policies:
            raise RefusedError("ResourceNotFoundException", f"{network['id']} has no auth policy", 404)
        return {**self._policies[network["id"]], "state": _state(network)}

    def _delete_policy(self, request: Request) -> Response:
        self._policies.pop(self._get(request["resourceIdentifier"])["id"], None)
        return {}

    def _tag(self, request: Request) -> Response:
        self._tags[self._get(request["resourceArn"])["arn"]] |= request["tags"]
        return {}

    def _untag(self, request: Request) -> Response:
        tags = self._tags[self._get(request["resourceArn"])["arn"]]
        for key in request["tagKeys"]:
            tags.pop(key, None)
        return {}


_ASSOCIATION = "serviceNetworkVpcAssociationIdentifier"
_SUBSCRIPTION = "accessLogSubscriptionIdentifier"


def _state(network: Record) -> str:
    return "Active" if network["authType"] == "AWS_IAM" else "Inactive"
