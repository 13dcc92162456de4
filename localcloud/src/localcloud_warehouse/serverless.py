"""The control plane of Redshift Serverless: namespaces, workgroups, usage limits, tags, credentials.

In: requests as the service's own model has them (dicts), of one account in one Region. Out: responses as dicts;
refusals are `ApiError`. Only what the warehouse needs has an effect: a namespace owns a database, its roles are those
that COPY may use, its administrator's password lies in a secret. The rest is kept and answered. Nothing here knows
LocalStack.
"""

import secrets
import string
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from localcloud_warehouse import database
from localcloud_warehouse.api import ApiError, Request, Response

# The service answers them all, also those that a workgroup was made without.
CONFIG_DEFAULTS = {
    "auto_mv": "true",
    "datestyle": "ISO, MDY",
    "enable_case_sensitive_identifier": "false",
    "enable_user_activity_logging": "true",
    "max_query_execution_time": "14400",
    "query_group": "default",
    "require_ssl": "false",
    "search_path": "$user, public",
    "use_fips_ssl": "false",
}
_CONFIG_METRICS = frozenset(
    [
        "max_query_blocks_read",
        "max_query_cpu_time",
        "max_query_cpu_usage_percent",
        "max_query_queue_time",
        "max_query_temp_blocks_to_disk",
        "max_scan_row_count",
        "max_join_row_count",
        "max_nested_loop_join_row_count",
        "max_return_row_count",
        "wlm_json_configuration",
    ]
)
DEFAULT_PORT = 5439
DEFAULT_BASE_CAPACITY = 128
MAX_TAGS = 50


class SecretStore(Protocol):
    """Where the password of a namespace's administrator is kept."""

    def put(self, name: str, value: dict[str, str], kms_key_id: str | None) -> str: ...

    def get(self, arn: str) -> dict[str, str] | None: ...

    def delete(self, arn: str) -> None: ...


@dataclass
class Namespace:
    """A namespace and its database."""

    name: str
    data: dict[str, Any]
    database: str
    password: str
    roles: frozenset[str] = frozenset()
    tags: dict[str, str] = field(default_factory=dict)

    def describe(self) -> Response:
        roles = [f"IamRole(applyStatus=in-sync, iamRoleArn={arn})" for arn in sorted(self.roles)]
        return {name: value for name, value in self.data.items() if value is not None} | {"iamRoles": roles}


@dataclass
class Resource:
    """A workgroup or a usage limit."""

    data: dict[str, Any]
    tags: dict[str, str] = field(default_factory=dict)


class Serverless:
    """The resources of one account in one Region.

    Parameters
    ----------
    dsn
        PostgreSQL's, of a superuser.
    address
        Host and port that workgroups name as their endpoint.
    """

    def __init__(
        self, dsn: str, address: tuple[str, int], account: str, region: str, secret_store: SecretStore
    ) -> None:
        self._dsn = dsn
        self._address = address
        self._prefix = f"arn:aws:redshift-serverless:{region}:{account}"
        self._secrets = secret_store
        self._lock = threading.RLock()
        self.namespaces: dict[str, Namespace] = {}
        self.workgroups: dict[str, Resource] = {}
        self._limits: dict[str, Resource] = {}

    def operations(self) -> dict[str, Callable[[Request], Response]]:
        """Return what answers each operation, one at a time."""
        return {
            "CreateNamespace": self._locked(self._create_namespace),
            "GetNamespace": self._locked(
                lambda request: {"namespace": self.namespace(request["namespaceName"]).describe()}
            ),
            "ListNamespaces": self._locked(
                lambda _: {"namespaces": [namespace.describe() for namespace in self.namespaces.values()]}
            ),
            "UpdateNamespace": self._locked(self._update_namespace),
            "DeleteNamespace": self._locked(self._delete_namespace),
            "CreateWorkgroup": self._locked(self._create_workgroup),
            "GetWorkgroup": self._locked(lambda request: {"workgroup": self.workgroup(request["workgroupName"]).data}),
            "ListWorkgroups": self._locked(
                lambda _: {"workgroups": [workgroup.data for workgroup in self.workgroups.values()]}
            ),
            "UpdateWorkgroup": self._locked(self._update_workgroup),
            "DeleteWorkgroup": self._locked(self._delete_workgroup),
            "CreateUsageLimit": self._locked(self._create_usage_limit),
            "GetUsageLimit": self._locked(lambda request: {"usageLimit": self._limit(request["usageLimitId"]).data}),
            "ListUsageLimits": self._locked(self._list_usage_limits),
            "UpdateUsageLimit": self._locked(self._update_usage_limit),
            "DeleteUsageLimit": self._locked(self._delete_usage_limit),
            "GetCredentials": self._locked(self._get_credentials),
            "ListTagsForResource": self._locked(
                lambda request: {"tags": _tag_list(self._tags(request["resourceArn"]))}
            ),
            "TagResource": self._locked(self._tag),
            "UntagResource": self._locked(self._untag),
        }

    def _locked(self, operation: Callable[[Request], Response]) -> Callable[[Request], Response]:
        def answer(request: Request) -> Response:
            with self._lock:
                return operation(request)

        return answer

    # Namespaces

    def namespace(self, name: str) -> Namespace:
        """Return a namespace or raise ResourceNotFoundException."""
        if name not in self.namespaces:
            raise _missing(f"The namespace {name} wasn't found.", name)
        return self.namespaces[name]

    def _create_namespace(self, request: Request) -> Response:
        name = request["namespaceName"]
        if name in self.namespaces:
            raise ApiError("ConflictException", f"The namespace {name} already exists.")
        tags = _tags_of(request)
        user = request.get("adminUsername") or "admin"
        password = request.get("adminUserPassword")
        if request.get("manageAdminPassword") and password:
            raise _invalid("You can't specify both manageAdminPassword and adminUserPassword.")
        db_name = (request.get("dbName") or "dev").lower()
        identifier = str(uuid.uuid4())
        namespace = Namespace(
            name,
            {
                "adminUsername": user,
                "creationDate": datetime.now(UTC),
                "dbName": db_name,
                "defaultIamRoleArn": request.get("defaultIamRoleArn") or "",
                "kmsKeyId": request.get("kmsKeyId") or "AWS_OWNED_KMS_KEY",
                "logExports": request.get("logExports") or [],
                "namespaceArn": f"{self._prefix}:namespace/{identifier}",
                "namespaceId": identifier,
                "namespaceName": name,
                "status": "AVAILABLE",
            },
            database.create_for_namespace(self._dsn, name, db_name),
            password or _password(),
            _roles(request),
            tags,
        )
        self._set_password(namespace, request)
        self.namespaces[name] = namespace
        return {"namespace": namespace.describe()}

    def _update_namespace(self, request: Request) -> Response:
        namespace = self.namespace(request["namespaceName"])
        for member in ("defaultIamRoleArn", "kmsKeyId", "logExports", "adminUsername"):
            if request.get(member) is not None:
                namespace.data[member] = request[member]
        if request.get("iamRoles") is not None:
            namespace.roles = _roles(request)
        if request.get("adminUserPassword"):
            namespace.password = request["adminUserPassword"]
        self._set_password(namespace, request)
        return {"namespace": namespace.describe()}

    def _set_password(self, namespace: Namespace, request: Request) -> None:
        """Give the administrator its password, and put it into the secret or take the secret away, as is asked."""
        user = namespace.data["adminUsername"]
        database.ensure_user(self._dsn, user, password=namespace.password, superuser=True)
        arn = namespace.data.get("adminPasswordSecretArn")
        managed = request.get("manageAdminPassword")
        if managed is False and arn:
            self._secrets.delete(arn)
            namespace.data |= {"adminPasswordSecretArn": None, "adminPasswordSecretKmsKeyId": None}
        elif managed or arn:
            key = request.get("adminPasswordSecretKmsKeyId") or namespace.data.get("adminPasswordSecretKmsKeyId")
            value = {"username": user, "password": namespace.password}
            # AWS writes redshift!<namespace>-<user>; LocalStack's Secrets Manager takes no exclamation mark.
            namespace.data["adminPasswordSecretArn"] = self._secrets.put(
                f"redshift-{namespace.name}-{user}", value, key
            )
            namespace.data["adminPasswordSecretKmsKeyId"] = key

    def _delete_namespace(self, request: Request) -> Response:
        namespace = self.namespace(request["namespaceName"])
        if any(workgroup.data["namespaceName"] == namespace.name for workgroup in self.workgroups.values()):
            raise ApiError("ConflictException", "There is a workgroup that is associated with the namespace.")
        if request.get("finalSnapshotName"):
            raise _invalid("a final snapshot is not supported by the local warehouse")
        database.drop_for_namespace(self._dsn, namespace.name)
        if namespace.data.get("adminPasswordSecretArn"):
            self._secrets.delete(namespace.data["adminPasswordSecretArn"])
        del self.namespaces[namespace.name]
        return {"namespace": namespace.describe() | {"status": "DELETING"}}

    # Workgroups

    def workgroup(self, name: str) -> Resource:
        """Return a workgroup, by name or ARN, or raise ResourceNotFoundException."""
        for known, workgroup in self.workgroups.items():
            if name in (known, workgroup.data["workgroupArn"]):
                return workgroup
        raise _missing(f"The workgroup {name} wasn't found.", name)

    def _create_workgroup(self, request: Request) -> Response:
        name = request["workgroupName"]
        if name in self.workgroups:
            raise ApiError("ConflictException", f"The workgroup {name} already exists.")
        namespace = self.namespace(request["namespaceName"])
        if any(workgroup.data["namespaceName"] == namespace.name for workgroup in self.workgroups.values()):
            raise ApiError(
                "ConflictException", f"The namespace {namespace.name} is already associated with a workgroup."
            )
        identifier = str(uuid.uuid4())
        host, port = self._address
        data = {
            "baseCapacity": DEFAULT_BASE_CAPACITY,
            "configParameters": [],
            "creationDate": datetime.now(UTC),
            "endpoint": {"address": host, "port": port, "vpcEndpoints": []},
            "enhancedVpcRouting": False,
            "ipAddressType": "ipv4",
            "namespaceName": namespace.name,
            "patchVersion": "1",
            "port": DEFAULT_PORT,
            "publiclyAccessible": False,
            "securityGroupIds": [],
            "status": "AVAILABLE",
            "subnetIds": [],
            "trackName": "current",
            "workgroupArn": f"{self._prefix}:workgroup/{identifier}",
            "workgroupId": identifier,
            "workgroupName": name,
            "workgroupVersion": "1.0",
        }
        workgroup = Resource(data, _tags_of(request))
        _change_workgroup(workgroup, request)
        self.workgroups[name] = workgroup
        return {"workgroup": workgroup.data}

    def _update_workgroup(self, request: Request) -> Response:
        workgroup = self.workgroup(request["workgroupName"])
        _change_workgroup(workgroup, request)
        return {"workgroup": workgroup.data}

    def _delete_workgroup(self, request: Request) -> Response:
        workgroup = self.workgroup(request["workgroupName"])
        name = workgroup.data["workgroupName"]
        del self.workgroups[name]
        arn = workgroup.data["workgroupArn"]
        self._limits = {key: limit for key, limit in self._limits.items() if limit.data["resourceArn"] != arn}
        return {"workgroup": workgroup.data | {"status": "DELETING"}}

    # Usage limits

    def _limit(self, identifier: str) -> Resource:
        if identifier not in self._limits:
            raise _missing(f"The usage limit {identifier} wasn't found.", identifier)
        return self._limits[identifier]

    def _create_usage_limit(self, request: Request) -> Response:
        self.workgroup(request["resourceArn"])
        identifier = str(uuid.uuid4())
        data = {
            "amount": request["amount"],
            "breachAction": request.get("breachAction") or "log",
            "period": request.get("period") or "monthly",
            "resourceArn": request["resourceArn"],
            "usageLimitArn": f"{self._prefix}:usagelimit/{identifier}",
            "usageLimitId": identifier,
            "usageType": request["usageType"],
        }
        self._limits[identifier] = Resource(data)
        return {"usageLimit": data}

    def _list_usage_limits(self, request: Request) -> Response:
        wanted = {name: request[name] for name in ("resourceArn", "usageType") if request.get(name)}
        found = [limit.data for limit in self._limits.values() if wanted.items() <= limit.data.items()]
        return {"usageLimits": found}

    def _update_usage_limit(self, request: Request) -> Response:
        limit = self._limit(request["usageLimitId"])
        limit.data |= {name: request[name] for name in ("amount", "breachAction") if request.get(name) is not None}
        return {"usageLimit": limit.data}

    def _delete_usage_limit(self, request: Request) -> Response:
        limit = self._limit(request["usageLimitId"])
        del self._limits[request["usageLimitId"]]
        return {"usageLimit": limit.data}

    # Credentials and tags

    def _get_credentials(self, request: Request) -> Response:
        """Give the caller (`_user`, from the edge) a password for SQL clients."""
        self.workgroup(request.get("workgroupName") or "")
        user, password = request["_user"], _password()
        database.ensure_user(self._dsn, user, password=password)
        expiration = datetime.now(UTC) + timedelta(seconds=request.get("durationSeconds") or 900)
        return {"dbUser": user, "dbPassword": password, "expiration": expiration, "nextRefreshTime": expiration}

    def _tags(self, arn: str) -> dict[str, str]:
        for namespace in self.namespaces.values():
            if namespace.data["namespaceArn"] == arn:
                return namespace.tags
        for resource in (*self.workgroups.values(), *self._limits.values()):
            if arn in (resource.data.get("workgroupArn"), resource.data.get("usageLimitArn")):
                return resource.tags
        raise _missing(f"The resource {arn} wasn't found.", arn)

    def _tag(self, request: Request) -> Response:
        tags = self._tags(request["resourceArn"])
        if len(tags | _tags_of(request)) > MAX_TAGS:
            raise ApiError(
                "TooManyTagsException", f"A resource has at most {MAX_TAGS} tags.", resourceName=request["resourceArn"]
            )
        tags |= _tags_of(request)
        return {}

    def _untag(self, request: Request) -> Response:
        tags = self._tags(request["resourceArn"])
        for key in request["tagKeys"]:
            tags.pop(key, None)
        return {}


def _change_workgroup(workgroup: Resource, request: Request) -> None:
    members = ("baseCapacity", "enhancedVpcRouting", "ipAddressType", "maxCapacity", "port", "pricePerformanceTarget",
               "publiclyAccessible", "securityGroupIds", "subnetIds", "trackName")  # fmt: skip
    workgroup.data |= {name: request[name] for name in members if request.get(name) is not None}
    current = {item["parameterKey"]: item["parameterValue"] for item in workgroup.data["configParameters"]}
    asked = {item["parameterKey"]: item["parameterValue"] for item in request.get("configParameters") or []}
    if unknown := set(asked) - set(CONFIG_DEFAULTS) - _CONFIG_METRICS:
        raise _invalid(f"Unknown configuration parameters: {', '.join(sorted(unknown))}")
    if asked.get("enable_case_sensitive_identifier", "false").lower() not in ("false", "off"):
        raise _invalid("enable_case_sensitive_identifier is not supported by the local warehouse")
    merged = CONFIG_DEFAULTS | current | asked
    workgroup.data["configParameters"] = [
        {"parameterKey": key, "parameterValue": merged[key]} for key in sorted(merged)
    ]


def _roles(request: Request) -> frozenset[str]:
    return frozenset(request.get("iamRoles") or []) | frozenset(filter(None, [request.get("defaultIamRoleArn")]))


def _tags_of(request: Request) -> dict[str, str]:
    return {tag["key"]: tag["value"] for tag in request.get("tags") or []}


def _tag_list(tags: dict[str, str]) -> list[dict[str, str]]:
    return [{"key": key, "value": value} for key, value in tags.items()]


def _password() -> str:
    # 8 to 64 characters with an upper-case letter, a lower-case one and a digit: CreateNamespace, adminUserPassword.
    return "Aa1" + "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(29))


def _missing(message: str, name: str) -> ApiError:
    return ApiError("ResourceNotFoundException", message, resourceName=name)


def _invalid(message: str) -> ApiError:
    return ApiError("ValidationException", message)
