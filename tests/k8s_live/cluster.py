"""A real control plane on free ports: etcd, API server, controllers, scheduler; kwok in the kubelets' place."""

import json
import secrets
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from ssl import CERT_NONE, create_default_context
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.processes import free_port

ROOT = Path(__file__).parents[2]
TOOL = str(ROOT / "scripts/tool")
STAGES = Path(__file__).parent / "stages.yaml"
ZONES = ("us-east-1a", "us-east-1b", "us-east-1c")
_DEADLINE_SECONDS = 180  # an API server starts in 6 s on an idle core, and in a minute on a busy one


class Cluster:
    """What a test asks of the cluster: kubectl, as people call it."""

    def __init__(self, kubeconfig: Path) -> None:
        self.kubeconfig = kubeconfig

    def try_kubectl(self, *arguments: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
        command = [TOOL, "control-plane", "kubectl", f"--kubeconfig={self.kubeconfig}", *arguments]
        return subprocess.run(command, input=stdin, capture_output=True, text=True, check=False, cwd=ROOT)

    def kubectl(self, *arguments: str, stdin: str | None = None) -> str:
        done = self.try_kubectl(*arguments, stdin=stdin)
        assert done.returncode == 0, f"kubectl {' '.join(arguments)}: {done.stdout}{done.stderr}"
        print(f"$ kubectl {' '.join(arguments)}\n{done.stdout}{done.stderr}")  # noqa: T201  the log that the document quotes
        return done.stdout

    def get(self, *arguments: str) -> Any:
        return json.loads(self.try_kubectl("get", *arguments, "--output=json").stdout)


@contextmanager
def running(state: Path) -> Iterator[Cluster]:
    """Start everything, and stop it again."""
    for tool in ("control-plane", "kwok"):
        subprocess.run([TOOL, "--install", tool], check=True)
    token = secrets.token_hex(16)
    (state / "tokens.csv").write_text(f'{token},admin,admin,"system:masters"\n')
    _write_key(state / "service-accounts.key")
    client, peer, secure = free_port(), free_port(), free_port()
    server = f"https://127.0.0.1:{secure}"
    kubeconfig = _write_kubeconfig(state / "kubeconfig.json", server, token)
    with ExitStack() as stack:

        def start(name: str, *arguments: str) -> None:
            stack.enter_context(_process(state, name, *arguments))

        start(
            "etcd",
            f"--data-dir={state / 'etcd'}",
            f"--listen-client-urls=http://127.0.0.1:{client}",
            f"--advertise-client-urls=http://127.0.0.1:{client}",
            f"--listen-peer-urls=http://127.0.0.1:{peer}",
            f"--initial-advertise-peer-urls=http://127.0.0.1:{peer}",
            f"--initial-cluster=default=http://127.0.0.1:{peer}",
            "--unsafe-no-fsync",
        )
        start(
            "kube-apiserver",
            f"--etcd-servers=http://127.0.0.1:{client}",
            "--bind-address=127.0.0.1",
            "--advertise-address=127.0.0.1",
            f"--secure-port={secure}",
            f"--cert-dir={state / 'certificates'}",
            f"--token-auth-file={state / 'tokens.csv'}",
            "--authorization-mode=RBAC",
            f"--service-account-issuer={server}",
            f"--service-account-key-file={state / 'service-accounts.key'}",
            f"--service-account-signing-key-file={state / 'service-accounts.key'}",
            "--service-cluster-ip-range=10.0.0.0/24",
            "--endpoint-reconciler-type=none",
            "--allow-privileged=true",  # as EKS has it: that the namespace refuses them is what the test is about
        )
        _wait_until_ready(server, state)
        start(
            "kube-controller-manager",
            f"--kubeconfig={kubeconfig}",
            "--leader-elect=false",
            "--secure-port=0",
            f"--service-account-private-key-file={state / 'service-accounts.key'}",
        )
        start("kube-scheduler", f"--kubeconfig={kubeconfig}", "--leader-elect=false", "--secure-port=0")
        cluster = Cluster(kubeconfig)
        cluster.kubectl("apply", "--filename=-", stdin="\n---\n".join(json.dumps(_node(zone)) for zone in ZONES))
        # A lease is a node's heartbeat: without one the controllers take it for dead after 50 seconds.
        start(
            "kwok",
            f"--kubeconfig={kubeconfig}",
            "--manage-all-nodes=true",
            "--node-lease-duration-seconds=40",
            f"--config={STAGES}",
        )
        cluster.kubectl("wait", "--for=condition=Ready", "nodes", "--all", "--timeout=120s")
        yield cluster


@contextmanager
def _process(state: Path, name: str, *arguments: str) -> Iterator[None]:
    command = [TOOL, name] if name == "kwok" else [TOOL, "control-plane", name]
    with (state / f"{name}.log").open("wb") as log:
        process = subprocess.Popen([*command, *arguments], stdout=log, stderr=log, cwd=state)
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_until_ready(server: str, state: Path) -> None:
    context = create_default_context()
    context.check_hostname, context.verify_mode = False, CERT_NONE
    deadline = time.monotonic() + _DEADLINE_SECONDS
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"{server}/readyz", context=context, timeout=5) as answer:
                if answer.status == 200:
                    return
        except (urllib.error.URLError, OSError):
            pass
        time.sleep(0.2)
    raise TimeoutError((state / "kube-apiserver.log").read_text()[-4000:])


def _write_key(path: Path) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = serialization.PrivateFormat.TraditionalOpenSSL
    path.write_bytes(key.private_bytes(serialization.Encoding.PEM, pem, serialization.NoEncryption()))


def _write_kubeconfig(path: Path, server: str, token: str) -> Path:
    # The API server's certificate is its own, made a moment ago; the port is this test's.
    path.write_text(
        json.dumps(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "clusters": [{"name": "test", "cluster": {"server": server, "insecure-skip-tls-verify": True}}],
                "users": [{"name": "admin", "user": {"token": token}}],
                "contexts": [{"name": "test", "context": {"cluster": "test", "user": "admin"}}],
                "current-context": "test",
            }
        )
    )
    return path


def _node(zone: str) -> dict[str, Any]:
    labels = {
        "topology.kubernetes.io/zone": zone,
        "kubernetes.io/hostname": f"node-{zone}",
        "kubernetes.io/os": "linux",
    }
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": f"node-{zone}", "labels": labels}}
