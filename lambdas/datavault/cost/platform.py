"""What Kubernetes brings: control plane, nodes, volumes, images. Endpoints are with the network (operations.py)."""

from .bill import Bill, Part
from .plan import Facts, Nodes
from .prices import Prices
from .workload import HOURS_A_MONTH, IMAGE_GB

_PART = Part.PLATFORM


def add_platform(bill: Bill, facts: Facts, prices: Prices) -> None:
    bill.add(_PART, "EKS", "control plane", facts.clusters * HOURS_A_MONTH, "eks_cluster_hour")
    bill.add(_PART, "ECR", "images", facts.images * IMAGE_GB, "ecr_storage")
    if facts.nodes:
        nodes = facts.nodes
        bill.add(_PART, "EC2", "volumes of the nodes", nodes.count * nodes.volume_gb, "ebs_gp3")
        if _price(nodes) in prices:
            bill.add(_PART, "EC2", f"nodes, {nodes.instance_type}", nodes.count * HOURS_A_MONTH, _price(nodes))


def unpriced(facts: Facts, prices: Prices) -> list[str]:
    """What to say of nodes that the bill lacks."""
    if not facts.nodes or _price(facts.nodes) in prices:
        return []
    missing = (
        f"EC2: {facts.nodes.count} nodes of type {facts.nodes.instance_type} are not in the bill: the prices of "
        f"{prices.region} lack {_price(facts.nodes)}. Add it to the file in infrastructure/prices."
    )
    return [missing]


def _price(nodes: Nodes) -> str:
    return f"ec2_{nodes.instance_type.replace('.', '_').replace('-', '_')}"
