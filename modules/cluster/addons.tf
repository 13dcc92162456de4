# What every node or cluster needs. The version is the one that AWS ships with the Kubernetes version unless the caller
# pins another: so it moves with `kubernetes_version`, in the same plan, and not on the day of a release.

locals {
  daemons = {
    eks-pod-identity-agent = {}
    kube-proxy             = {}

    # Without its agent the NetworkPolicies of the cluster would be words.
    vpc-cni = { enableNetworkPolicy = "true" }
  }

  # These have pods of their own, which wait for nodes.
  deployments = {
    coredns        = {}
    metrics-server = {}
  }
}

data "aws_eks_addon_version" "default" {
  for_each = toset([for name in concat(keys(local.daemons), keys(local.deployments)) : name if !contains(keys(var.addon_versions), name)])

  addon_name         = each.key
  kubernetes_version = var.kubernetes_version
}

locals {
  addon_versions = merge({ for name, addon in data.aws_eks_addon_version.default : name => addon.version }, var.addon_versions)
}

resource "aws_eks_addon" "daemon" {
  for_each = local.daemons

  cluster_name                = aws_eks_cluster.this.name
  addon_name                  = each.key
  addon_version               = local.addon_versions[each.key]
  configuration_values        = length(each.value) > 0 ? jsonencode(each.value) : null
  resolve_conflicts_on_create = "OVERWRITE"
  resolve_conflicts_on_update = "OVERWRITE"

  # The network plug-in has a role of its own, so that the nodes' role, which any process of a node holds, has not its rights.
  dynamic "pod_identity_association" {
    for_each = each.key == "vpc-cni" ? [aws_iam_role.this["vpc-cni"].arn] : []

    content {
      role_arn        = pod_identity_association.value
      service_account = "aws-node"
    }
  }

  depends_on = [aws_iam_role_policy_attachment.this]
}

resource "aws_eks_addon" "deployment" {
  for_each = local.deployments

  cluster_name                = aws_eks_cluster.this.name
  addon_name                  = each.key
  addon_version               = local.addon_versions[each.key]
  resolve_conflicts_on_create = "OVERWRITE"
  resolve_conflicts_on_update = "OVERWRITE"

  depends_on = [aws_eks_node_group.this]
}
