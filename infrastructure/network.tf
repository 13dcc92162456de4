# A network of the stack's own, where the environment asks for one: functions and warehouse inside, no way out but to AWS's
# services through endpoints (docs/decisions/0025-network-without-nat.md).

module "network" {
  source   = "../modules/network"
  for_each = { for network in var.network[*] : "this" => network }

  name                     = var.project_name
  cidr                     = each.value.cidr
  zone_count               = each.value.zone_count
  bucket_arns              = values(local.bucket_arns)
  interface_services       = merge(local.interface_services, var.platform == null ? {} : local.platform_interface_services)
  internal_cidrs           = flatten(local.platform_cidrs)
  pulls_images             = var.platform != null
  kms_key_arn              = module.operations_key.arn
  log_retention_days       = var.log_retention_days
  permissions_boundary_arn = aws_iam_policy.boundary.arn
}

locals {
  # What the functions call besides S3. Lambda itself carries logs and traces, and S3, Kinesis and Secrets Manager call
  # KMS on their own.
  interface_services = {
    kinesis-streams = "kinesis"        # processor puts chunks
    redshift-data   = "redshift-data"  # loader, auditor, migrator
    secretsmanager  = "secretsmanager" # masking key, the warehouse's administrator
    sqs             = "sqs"            # processor holds events of a paused data set
  }

  function_vpc = one([for network in module.network : {
    subnet_ids         = network.subnet_ids
    security_group_ids = [network.function_security_group_id]
  }])
}
