"""A branch's preview on the local cloud: made, planned again, kept while its time runs, swept when it is over."""

import json
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.processes import clean_environment

from .conftest import ROOT, clients
from .inventory import everything

# As environments/preview/places.py says it.
ACCOUNT = "444444444444"


class Previews:
    """`python -m environments.preview` in a folder and a local cloud of the test's."""

    def __init__(self, cloud: dict[str, str], folder: Path) -> None:
        self.folder = folder
        self._environment = clean_environment() | cloud | {"PREVIEWS": str(folder)}

    def run(self, *command: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(command, cwd=ROOT, env=self._environment, capture_output=True, text=True, check=False)

    def __call__(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self.run(
            ROOT / ".local" / "preview" / "venv" / "bin" / "python", "-m", "environments.preview", *arguments
        )

    def well(self, *arguments: str) -> str:
        done = self(*arguments)
        assert done.returncode == 0, done.stdout[-20_000:] + done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def previews(cloud: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Previews:
    done = subprocess.run([ROOT / "scripts" / "setup", "preview"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return Previews(cloud, tmp_path_factory.mktemp("previews"))


def test_a_preview_lives_until_its_time_is_over(previews: Previews, endpoint: str) -> None:
    client = clients(endpoint, ACCOUNT)
    before = datetime.now(UTC).replace(microsecond=0)
    previews.well("up", "feature/${x}")
    (state,) = previews.folder.glob("states/*/terraform.tfstate")

    # Its name and its tags are the branch's.
    name = state.parent.name
    made = everything(client)
    assert name.startswith("datavault-pr-feature-x-")
    assert [bucket for bucket in made["buckets"] if not bucket.startswith(f"{name}-")] == []
    (key, *_) = made["keys"]
    tags = {tag["TagKey"]: tag["TagValue"] for tag in client("kms").list_resource_tags(KeyId=key)["Tags"]}
    assert (tags["branch"], tags["environment"]) == ("feature/__x_", "preview")
    assert (
        before + timedelta(days=1) <= datetime.fromisoformat(tags["expires"]) <= datetime.now(UTC) + timedelta(days=1)
    )

    # A second plan is empty.
    root = previews.folder / name / "stacks" / "preview"
    plan = previews.run(
        "env",
        f"AWS_ENDPOINT_URL={endpoint}",
        ROOT / "scripts" / "terraform",
        f"-chdir={root}",
        "plan",
        "-detailed-exitcode",
        "-no-color",
    )
    assert (plan.returncode, "No changes." in plan.stdout) == (0, True), plan.stdout[-5000:] + plan.stderr

    # A sweep keeps what lives …
    assert previews.well("list").split() == [name, "feature/__x_", tags["expires"], "alive"]
    previews.well("sweep")
    assert everything(client) == made

    # … and destroys what does not.
    held = json.loads(state.read_bytes())
    held["outputs"]["preview"]["value"]["expires"] = before.strftime("%Y-%m-%dT%H:%M:%SZ")
    state.write_text(json.dumps(held))
    previews.well("sweep")
    assert everything(client) == {}
    assert previews.well("list") == ""


def test_an_accounts_preview_has_its_state_beside_devs_and_a_guard(previews: Previews, tmp_path: Path) -> None:
    script = (
        "import sys; from datetime import UTC, datetime; from pathlib import Path\n"
        "from environments.preview.names import preview_of; from environments.preview.places import Account\n"
        "from environments.preview.stack import synth\n"
        "place = Account('acme-pr', '123456789012', 'eu-west-1', 'acme-states', 'arn:k')\n"
        "preview = preview_of('a', prefix='acme-pr', account=place.account, now=datetime.now(UTC))\n"
        "print(synth(Path(sys.argv[1]), place, preview.project_name, preview))"
    )
    done = previews.run(ROOT / ".local" / "preview" / "venv" / "bin" / "python", "-c", script, tmp_path)
    assert done.returncode == 0, done.stderr
    root = Path(done.stdout.strip())
    made = json.loads((root / "cdk.tf.json").read_text())

    (provider,) = made["provider"]["aws"]
    assert (provider["region"], provider["allowed_account_ids"]) == ("eu-west-1", ["123456789012"])
    assert not {"access_key", "endpoints", "skip_credentials_validation"} & provider.keys()
    ((kind, backend),) = made["terraform"]["backend"].items()
    assert kind == "s3"
    assert backend["key"] == f"preview/{made['module']['datavault']['project_name']}/terraform.tfstate"
    assert (backend["use_lockfile"], backend["encrypt"], backend["kms_key_id"]) == (True, True, "arn:k")
    assert "endpoint_url" not in made["module"]["datavault"]
    # A forgotten one must not cost much, nor be locked.
    assert made["module"]["datavault"]["warehouse"]["daily_limit_rpu_hours"] <= 2
    assert made["module"]["datavault"]["object_lock"] == {"days": 1}

    (root / ".terraform.lock.hcl").write_bytes((ROOT / "infrastructure" / ".terraform.lock.hcl").read_bytes())
    terraform = (ROOT / "scripts" / "terraform", f"-chdir={root}")
    init = previews.run(*terraform, "init", "-backend=false", "-input=false", "-lockfile=readonly")
    assert init.returncode == 0, init.stderr
    valid = previews.run(*terraform, "validate", "-no-color")
    assert valid.returncode == 0, valid.stdout + valid.stderr


def test_without_a_branch_or_an_account_it_says_what_to_do(previews: Previews) -> None:
    for arguments, hint in {("up", ""): "BRANCH=my-branch", ("list", "--aws"): "make bootstrap ENV=dev"}.items():
        done = previews(*arguments)

        assert (done.returncode, done.stdout, hint in done.stderr) == (1, "", True), done.stderr
        assert "Traceback" not in done.stderr
