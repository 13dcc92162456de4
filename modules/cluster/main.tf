data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  account_id = data.aws_caller_identity.current.account_id
  partition  = data.aws_partition.current.partition
  region     = data.aws_region.current.name
}

resource "aws_eks_cluster" "this" {
  #checkov:skip=CKV_AWS_339:its list is older than the versions that variables.tf lets through
  name     = var.name
  role_arn = aws_iam_role.this["cluster"].arn
  version  = var.kubernetes_version

  enabled_cluster_log_types = ["api", "audit", "authenticator", "controllerManager", "scheduler"]

  # What EKS would install by itself nobody would upgrade; addons.tf has it instead.
  bootstrap_self_managed_addons = false

  # Who may do what stands in access.tf alone: no ConfigMap, and no hidden administrator who happened to apply this.
  access_config {
    authentication_mode                         = "API"
    bootstrap_cluster_creator_admin_permissions = false
  }

  encryption_config {
    resources = ["secrets"]

    provider {
      key_arn = var.kms_key_arn
    }
  }

  # At the end of standard support EKS upgrades the cluster. EXTENDED would ask six times the price instead.
  upgrade_policy {
    support_type = "STANDARD"
  }

  vpc_config {
    subnet_ids              = var.subnet_ids
    security_group_ids      = [aws_security_group.this["control-plane"].id]
    endpoint_private_access = true
    endpoint_public_access  = length(var.public_access_cidrs) > 0
    public_access_cidrs     = length(var.public_access_cidrs) > 0 ? var.public_access_cidrs : null
  }

  # EKS would make the group of its logs by itself, for ever and without our key; and a cluster without its role's
  # policies cannot take its network interfaces away again.
  depends_on = [aws_cloudwatch_log_group.control_plane, aws_iam_role_policy_attachment.this]
}

resource "aws_cloudwatch_log_group" "control_plane" {
  #checkov:skip=CKV_AWS_338:how long is the environment's choice; production keeps a year
  name              = "/aws/eks/${var.name}/cluster"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.log_kms_key_arn
}
