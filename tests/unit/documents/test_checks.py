"""The checks of the documents find what is wrong: each is given a page with one mistake, and the page without it."""

from pathlib import Path

import pytest

from . import commands, names
from .makefile import Makefile
from .pages import ROOT, anchors

PAGE = ROOT / "docs/page.md"  # it is not there; links are seen from it


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("[a](nowhere.md)", "[a](architecture.md)"),
        ("[a](architecture.md#no-such-heading)", "[a](architecture.md#the-hops)"),
        ("[a](../Makefile#targets)", "[a](../Makefile)"),
        ("[a](../modules/nothing)", "[a](../modules/bucket)"),
    ],
)
def test_a_link_to_no_file_or_heading_is_found(wrong: str, right: str) -> None:
    assert len(list(names.links(PAGE, wrong))) == 1
    assert list(names.links(PAGE, right)) == []


def test_a_heading_that_comes_again_has_a_number_in_its_anchor(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# Plan\n## [Undo](x.md) it\n## Plan\n```sh\n# no heading\n```\n## Plan\n")
    assert anchors(page) == {"plan", "undo-it", "plan-1", "plan-2"}


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("`lambdas/datavault/nothing.py`", "`lambdas/datavault/records.py`"),
        ("`nothing.py`", "`records.py`"),
        ("`lambdas/nothing/`", "`lambdas/processor/`"),
        ("`formats/nothing.py`", "`formats/blocks.py`"),
        ("`infrastructure/*_nothing.tf`", "`infrastructure/platform*.tf`"),
        ("`lambdas/{processor,nothing}/nothing.py`", "`lambdas/{processor,loader}/handler.py`"),
        ("`contracts/<dataset>/nothing.yaml`", "`contracts/<dataset>/contract.odcs.yaml`"),
        ("```sh\nscripts/nothing --fix\n```", "```sh\nscripts/lint-terraform --fix\n```"),
        ("```sh\nmake up && tests/nothing.py\n```", "```sh\nmake up && tests/unit/test_docs.py\n```"),
    ],
)
def test_a_path_that_is_not_in_the_repository_is_found(wrong: str, right: str) -> None:
    assert len(list(names.paths(PAGE, wrong))) == 1
    assert list(names.paths(PAGE, right)) == []


@pytest.mark.parametrize("text", ["`build/processor.zip`", "`a/b`", "`environments/prod/backend.hcl`", "`s3://a/b.py`"])
def test_what_is_written_later_or_is_no_path_is_not_asked_for(text: str) -> None:
    assert list(names.paths(PAGE, text)) == []


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("`DATAVAULT_NOTHING`", "`DATAVAULT_STREAM_NAME`"),
        ("`LOCALCLOUD_HOST`", "`LOCALCLOUD_PORT`"),
        ("`TF_VAR_nothing`", "`TF_VAR_endpoint`"),
    ],
)
def test_a_variable_that_nothing_reads_is_found(wrong: str, right: str) -> None:
    assert len(list(names.variables(wrong))) == 1
    assert list(names.variables(right)) == []


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("`aws_lambda_invocation.nothing`", "`aws_lambda_invocation.migrate`"),
        ("```sh\nterraform state rm module.nothing\n```", "```sh\nterraform state rm module.processed\n```"),
    ],
)
def test_a_resource_that_terraform_has_not_is_found(wrong: str, right: str) -> None:
    assert len(list(names.resources(wrong))) == 1
    assert list(names.resources(right)) == []


RECORDS = "[records.py](../lambdas/datavault/records.py)"
CHUNK = "[chunk.py](../lambdas/datavault/chunk.py)"


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        (f"{CHUNK} `seals()`", f"{CHUNK} `seal()`"),
        (f"{CHUNK}\n\nin another paragraph: `seal()`", f"{CHUNK}\nin the same: `seal()`"),
        (f"- {CHUNK}\n- `seal()`", f"- {CHUNK} `seal()`"),
        (f"{RECORDS} `Validator.nothing()`", f"{RECORDS} `Validator.judge()`"),
        ("[a](../scripts/local) `nothing()`", "[a](../scripts/local) `apply()`"),
    ],
)
def test_a_function_that_its_file_has_not_is_found(wrong: str, right: str) -> None:
    assert len(list(names.functions(PAGE, wrong))) == 1
    assert list(names.functions(PAGE, right)) == []


TABLE = "| you see | why | do |\n|---|---|---|\n| `{}` | because | that |\n"


@pytest.mark.parametrize(
    ("wrong", "right"),
    [("port … is mine", "port 4566 is taken by …"), ("setup: Python is old", "setup: Python 3.13 is not installed")],
)
def test_a_message_that_nothing_says_is_found(wrong: str, right: str) -> None:
    assert len(list(names.messages(TABLE.format(wrong)))) == 1
    assert list(names.messages(TABLE.format(right))) == []


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("make nothing", "make demo"),
        ("make package ENVIRONMENT=prod", "make package ENV=prod"),
        ("make test-k8s BRANCH=a", "make preview BRANCH=a"),
        ("make test-faults NOTHING=a", "make test-faults FAULTS_SEED=4"),
        ('make bootstrap OPTIONS="--nothing a"', 'make bootstrap OPTIONS="--oidc-issuer a"'),
        ("make console OPTIONS=--nothing", "make console OPTIONS='--port 9000'"),
        ("cd a && make nothing", "cd a && make demo"),
        (".venv/bin/datavault nothing", ".venv/bin/datavault audit"),
        ("datavault quarantine nothing", "datavault quarantine list"),
        ("datavault audit --nothing", "datavault audit --dataset orders"),
        ("datavault --env prod ingest flights a.csv --nothing", "datavault --env prod ingest flights a.csv --wait"),
        ("datavault audit orders", "datavault audit # orders"),
        ("datavault contract check --sql", "datavault contract show orders --sql"),
        ("localcloud/.venv/bin/localcloud nothing", "localcloud/.venv/bin/localcloud status --json"),
        ("localcloud status --nothing", "localcloud logs -f"),
        ("terraform nothing", "terraform init"),
        ("terraform state nothing", "terraform state list"),
        ("scripts/terraform -chdir=environments/nothing plan", "scripts/terraform -chdir=environments/prod plan"),
        ("terraform output -json nothing", "terraform output -json stack"),
        (
            'aws s3 ls "s3://$(terraform output -json stack | jq -r .no_bucket)"',
            'aws s3 ls "s3://$(terraform output -json stack | jq -r .raw_bucket)"',
        ),
        (
            "terraform output -json stack | jq -r .worker.nothing",
            "terraform output -json stack | jq -r .worker.dlq_url",
        ),
        (
            "terraform output -json stack | jq -r .nothing.x",
            "terraform output -json stack | jq -r .functions.processor",
        ),
        ("aws nothing describe-it", "aws s3 ls"),
        ("aws lambda get-nothing", "aws lambda get-function --function-name a"),
        ("aws lambda get-function --name a", "aws lambda get-function --function-name a --query b"),
        ("aws lambda invoke --no-nothing", "aws lambda update-event-source-mapping --no-enabled"),
        ("kubectl get pods -n nothing", "kubectl get pods -n datavault"),
        ("kubectl logs deployment/nothing", "kubectl logs -f deployment/datavault-processor"),
        ("kubectl apply -f nothing/", "kubectl apply -f k8s/"),
    ],
)
def test_a_command_that_does_not_exist_is_found_in_a_block_and_between_backticks(wrong: str, right: str) -> None:
    for form in ("```sh\n{}\n```", "```bash\n  $ {}\n```", "```console\n$ {}\nmake sense\n```", "text `{}` text"):
        assert len(list(commands.commands(form.format(wrong)))) == 1, form
        assert list(commands.commands(form.format(right))) == [], form


def test_a_target_uses_what_its_variables_its_prerequisites_and_its_scripts_name() -> None:
    makefile = Makefile(
        "flag = $(if $(AWS),--aws)\nup: ready ## Not COMMENT\n\t@run $(flag)\n"
        "ready:\n\t@echo $(NAME)\nother:\n\t@scripts/image\n"
    )
    assert [name for name in ("AWS", "NAME", "COMMENT", "IMAGE") if makefile.uses("up", name)] == ["AWS", "NAME"]
    assert makefile.uses("other", "PYTHON_IMAGE")
    assert not makefile.uses("other", "NAME")
