"""What scripts/sync asks of an environment's registry: `repository ENV`, `digest ENV TAG`, `password ENV`.

An answer that is not there is an empty line: no platform, or no image of that tag.
"""

import base64
import sys

import boto3
import typer
from scripts.deploy import guarded
from scripts.k8s import SettingsError, terraform_stack

app = typer.Typer(add_completion=False, help=__doc__)


@app.command()
def repository(env: str) -> None:
    """Address of the worker's images, without a tag."""
    typer.echo(_repository(env))


@app.command()
def digest(env: str, tag: str) -> None:
    """Digest of the image with that tag."""
    address = _repository(env)
    ecr = boto3.client("ecr", region_name=_region(address))
    try:
        (found,) = ecr.describe_images(repositoryName=address.partition("/")[2], imageIds=[{"imageTag": tag}])[
            "imageDetails"
        ]
    except ecr.exceptions.ImageNotFoundException:
        typer.echo()
        return
    typer.echo(found["imageDigest"])


@app.command()
def password(env: str) -> None:
    """A password for twelve hours, for `login --password-stdin`; never for a terminal."""
    if sys.stdout.isatty():
        raise SystemExit("the password goes into a pipe: … | buildah login --username AWS --password-stdin REGISTRY")
    ecr = boto3.client("ecr", region_name=_region(_repository(env)))
    (token,) = ecr.get_authorization_token()["authorizationData"]
    typer.echo(base64.b64decode(token["authorizationToken"]).decode().partition(":")[2])


def _repository(env: str) -> str:
    platform = terraform_stack(env).get("platform") or {}
    return str(platform.get("repository_url", ""))


def _region(address: str) -> str:
    """ACCOUNT.dkr.ecr.REGION.amazonaws.com/NAME"""
    return address.split(".")[3]


if __name__ == "__main__":
    try:
        guarded(app)
    except SettingsError as error:
        raise SystemExit(f"sync: {error}") from error
