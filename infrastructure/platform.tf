# Beside the way, where the environment asks for it: Kubernetes for the worker, in the stack's network, and what it needs.
# docs/decisions/0038-lattice-and-eks.md, docs/operations/platform.md.

locals {
  platform = { for platform in var.platform[*] : "this" => platform }

  # What nodes and controllers call besides S3. Nodes get their credentials from eks-auth and the instance's metadata, so
  # nothing asks STS; whoever installs a collector of logs or an exporter of metrics names its service.
  platform_interface_services = merge({
    ec2         = "ec2"         # network plug-in, nodes that join, mesh controller
    "ecr.api"   = "ecr"         # nodes ask for layers
    "ecr.dkr"   = "ecr"         # nodes pull
    eks         = "eks"         # nodes that join, operators
    eks-auth    = "eks-auth"    # Pod Identity
    tagging     = "tag"         # mesh controller finds what it made
    vpc-lattice = "vpc-lattice" # mesh controller
  }, one(values(local.platform)[*].interface_services))

  # Pods of different nodes talk on ports of their own, and VPC Lattice comes from link-local addresses.
  platform_cidrs = [for network in var.network[*] : [network.cidr, "169.254.171.0/24"] if var.platform != null]

  platform_log_groups = ["/aws/eks/${var.project_name}/cluster", "/aws/vendedlogs/vpc-lattice/${var.project_name}"]
}

module "platform_key" {
  source   = "../modules/encryption"
  for_each = local.platform

  name                 = "${var.project_name}-platform"
  description          = "DataVault ${var.project_name}: Kubernetes' Secrets, nodes' volumes, images."
  via_services         = ["ec2", "ecr", "eks"]
  grant_services       = ["ecr", "eks"]
  service_linked_roles = ["autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"]
  deletion_window_days = local.key_deletion_window_days
}

module "cluster" {
  source   = "../modules/cluster"
  for_each = local.platform

  name                       = var.project_name
  kubernetes_version         = each.value.kubernetes_version
  addon_versions             = each.value.addon_versions
  nodes                      = each.value.nodes
  vpc_id                     = module.network["this"].vpc_id
  subnet_ids                 = module.network["this"].subnet_ids
  endpoint_security_group_id = module.network["this"].endpoint_security_group_id
  s3_prefix_list_id          = module.network["this"].s3_prefix_list_id
  public_access_cidrs        = each.value.public_access_cidrs
  access_entries             = each.value.access_entries
  pod_identities             = merge(local.pod_identities, each.value.pod_identities)
  kms_key_arn                = module.platform_key[each.key].arn
  log_kms_key_arn            = module.operations_key.arn
  log_retention_days         = var.log_retention_days
  permissions_boundary_arn   = aws_iam_policy.platform_boundary[each.key].arn
}

module "registry" {
  source   = "../modules/registry"
  for_each = local.platform

  name         = "${var.project_name}/datavault-processor"
  kms_key_arn  = module.platform_key[each.key].arn
  puller_arns  = concat([module.cluster[each.key].node_role_arn], [for account in each.value.image_account_ids : "arn:${local.partition}:iam::${account}:root"])
  keep_tagged  = each.value.keep_images
  force_delete = var.disposable
}

module "mesh" {
  source   = "../modules/mesh"
  for_each = local.platform

  name               = var.project_name
  vpc_id             = module.network["this"].vpc_id
  members            = { nodes = { security_group_id = module.cluster[each.key].node_security_group_id, port = 8080 } }
  caller_role_arns   = each.value.service_caller_arns
  kms_key_arn        = module.operations_key.arn
  log_retention_days = var.log_retention_days
}
