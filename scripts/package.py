"""Build the Lambda zips, build/<function>.zip, and build/contracts.

The same input gives the same bytes: dependencies come from uv.lock by hash, times and modes are fixed, bytecode carries
a hash of its source instead of a time. A zip whose inputs have not changed is left alone.

usage: package.py [--platform PLATFORM] [--out FOLDER]
"""

import argparse
import compileall
import hashlib
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from py_compile import PycInvalidationMode

import msgspec

from datavault.authoring.check import check_folder, write_references
from datavault.authoring.problems import ContractError

ROOT = Path(__file__).resolve().parent.parent
FUNCTIONS = ("processor", "enrichment", "loader", "auditor")
# Of botocore's data (28 MB, every service) the zips carry what the edges use.
AWS_SERVICES = ("kinesis", "redshift-data", "s3", "secretsmanager", "sqs", "sts")
# The library's parts that no function runs.
NOT_SHIPPED = ("authoring", "cli", "cost", "worker")
ZIP_TIME = (1980, 1, 1, 0, 0, 0)  # the earliest that a zip can say
PYTHON_VERSION = "3.13"  # the Lambda runtime


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--platform", help="uv's name of the target, for example aarch64-manylinux_2_28; default: this machine"
    )
    parser.add_argument("--out", type=Path, default=ROOT / "build")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    try:
        build_contracts(arguments.out / "contracts")
    except ContractError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    for function in FUNCTIONS:
        print(build_zip(function, arguments.out, arguments.platform or ""))  # noqa: T201  a script's output
    return 0


def build_contracts(out: Path) -> None:
    """Compile every contract, and its reference tables to Parquet."""
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    for folder in sorted(path.parent for path in (ROOT / "contracts").glob("*/contract.odcs.yaml")):
        contract = check_folder(folder)
        (out / f"{contract.dataset}.json").write_bytes(
            msgspec.json.format(msgspec.json.encode(contract), indent=1) + b"\n"
        )
        write_references(contract, folder / "reference", out / "reference" / contract.dataset)


def build_zip(function: str, out: Path, platform: str) -> str:
    """Build one function's zip; a line about it."""
    target, stamp = out / f"{function}.zip", out / f".{function}.inputs"
    inputs = hash_inputs(function, out / "contracts", platform)
    if target.exists() and stamp.exists() and stamp.read_text() == inputs:
        return f"{target.name}: unchanged"
    with tempfile.TemporaryDirectory(prefix="datavault-package-") as folder:
        stage = Path(folder) / "stage"
        install_dependencies(function, stage, platform)
        trim(stage)
        ignore = shutil.ignore_patterns("__pycache__", *NOT_SHIPPED)
        shutil.copytree(ROOT / "lambdas/datavault", stage / "datavault", ignore=ignore)
        for file in (ROOT / "lambdas" / function).glob("*.py"):  # more than one: functions that share a zip
            shutil.copyfile(file, stage / file.name)
        without_references = None if function == "enrichment" else shutil.ignore_patterns("reference")
        shutil.copytree(out / "contracts", stage / "contracts", ignore=without_references)
        write_bytecode(stage)
        write_zip(stage, target)
    stamp.write_text(inputs)
    return f"{target.name}: {target.stat().st_size / 1e6:.1f} MB"


def hash_inputs(function: str, contracts: Path, platform: str) -> str:
    digest = hashlib.sha256(f"{platform} {sys.version}".encode())
    folders = (ROOT / "lambdas/datavault", ROOT / "lambdas" / function, contracts)
    files = [ROOT / "uv.lock", Path(__file__), *(file for folder in folders for file in sorted(folder.rglob("*")))]
    for file in files:
        if file.is_file() and "__pycache__" not in file.parts:
            digest.update(f"{file.name}\0".encode() + hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def install_dependencies(function: str, stage: Path, platform: str) -> None:
    """Install what uv.lock says for the function's extra, wheels only, each checked against its hash."""
    requirements = stage.parent / "requirements.txt"
    uv(
        "export",
        "--frozen",
        "--no-default-groups",
        "--no-emit-project",
        "--extra",
        function,
        "--output-file",
        str(requirements),
    )
    target = ["--python-platform", platform] if platform else []
    into = ["--target", str(stage), "--python", sys.executable, "--python-version", PYTHON_VERSION, *target]
    uv("pip", "install", *into, "--only-binary", ":all:", "--require-hashes", "--no-deps", "-r", str(requirements))


def uv(*arguments: str) -> None:
    """Run the uv that scripts/setup installed."""
    command = [str(ROOT / ".local/uv/bin/uv"), "--quiet", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603  our own words
    if done.returncode:
        raise SystemExit(f"{' '.join(arguments[:2])} failed:\n{done.stderr}")


def trim(stage: Path) -> None:
    """Take out what no function uses."""
    keep = {f"botocore/data/{service}" for service in AWS_SERVICES}
    for folder in (stage / "botocore/data").iterdir():
        if folder.is_dir() and folder.relative_to(stage).as_posix() not in keep:
            shutil.rmtree(folder)
    shutil.rmtree(stage / "bin", ignore_errors=True)
    for pattern in ("*.pyi", "*.dist-info/RECORD", "*.dist-info/INSTALLER", "*.dist-info/REQUESTED", ".lock"):
        for file in stage.rglob(pattern):
            file.unlink()


def write_bytecode(stage: Path) -> None:
    """Python on Lambda cannot write bytecode; importing without it takes half as long again."""
    for folder in stage.rglob("__pycache__"):
        shutil.rmtree(folder)
    compileall.compile_dir(
        stage, quiet=2, stripdir=stage, prependdir="/var/task", invalidation_mode=PycInvalidationMode.UNCHECKED_HASH
    )


def write_zip(stage: Path, target: Path) -> None:
    partial = target.with_suffix(".partial")
    with zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for file in sorted(path for path in stage.rglob("*") if path.is_file()):
            info = zipfile.ZipInfo(file.relative_to(stage).as_posix(), ZIP_TIME)
            info.compress_type, info.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            archive.writestr(info, file.read_bytes())
    partial.replace(target)


if __name__ == "__main__":
    sys.exit(main())
