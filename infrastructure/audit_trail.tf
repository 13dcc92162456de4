# Who read or wrote which object, where the environment asks for it: raw, processed and quarantined data.

module "audit_trail" {
  source   = "../modules/audit_trail"
  for_each = module.trail_logs

  name        = local.trail_name
  bucket_arns = values(local.bucket_arns)
  log_bucket  = each.value.log_target
  kms_key_arn = module.operations_key.arn
}

module "trail_logs" {
  source   = "../modules/bucket"
  for_each = var.audit_trail ? { this = true } : {}

  name          = "${var.project_name}-trail-logs"
  kms_key_arn   = module.operations_key.arn
  log_bucket    = module.access_logs.log_target
  trail_arns    = [local.trail_arn]
  force_destroy = var.disposable
  tags          = { classification = "internal" }

  # As long as the access logs.
  lifecycle_rules = {
    expire = { expiration_days = 365 }
  }
}

locals {
  trail_name = "${var.project_name}-objects"
  trail_arn  = "arn:${local.partition}:cloudtrail:${local.region}:${local.account_id}:trail/${local.trail_name}"

  trail_key_use = { for name in [local.trail_name] : "TrailWritesFiles" => {
    service     = "cloudtrail.amazonaws.com"
    source_arns = [local.trail_arn]
  } if var.audit_trail }
}
