# Three keys, because three kinds of people may read three kinds of things:
#   clear       what producers sent, personal data included: raw and quarantine buckets, stream, masking key
#   masked      what consumers read: processed bucket and warehouse
#   operations  what operators read: logs, the functions' environment, alarms
# Who may read the warehouse can so be kept from the clear text by one key, whatever else he is granted.
# More keys would part nothing further; each costs a dollar a month and a request for every bucket key. The platform brings
# one of its own (platform.tf): EKS and Auto Scaling need ways to a key that these three do not open.

module "clear_key" {
  source = "../modules/encryption"

  name                 = "${var.project_name}-clear"
  description          = "DataVault ${var.project_name}: data as producers sent it, and the masking key."
  via_services         = ["kinesis", "s3", "secretsmanager", "sqs"]
  deletion_window_days = local.key_deletion_window_days

  service_uses = {
    RawBucketSendsEvents = { service = "s3.amazonaws.com", source_arns = [local.bucket_arns[local.raw_bucket]] }
  }
}

module "masked_key" {
  source = "../modules/encryption"

  name                 = "${var.project_name}-masked"
  description          = "DataVault ${var.project_name}: data as consumers read it."
  via_services         = ["redshift", "redshift-serverless", "s3", "scheduler", "secretsmanager", "sqs"]
  deletion_window_days = local.key_deletion_window_days

  service_uses = {
    ProcessedBucketSendsEvents = { service = "s3.amazonaws.com", source_arns = [local.bucket_arns[local.processed_bucket]] }
  }
}

module "operations_key" {
  source = "../modules/encryption"

  name                 = "${var.project_name}-operations"
  description          = "DataVault ${var.project_name}: logs, alarms and the functions' environment."
  via_services         = ["lambda", "s3", "sns", "sqs"]
  deletion_window_days = local.key_deletion_window_days
  log_group_arns       = [for group in concat(["/aws/lambda/${var.project_name}-*", "/aws/vpc/${var.project_name}"], var.platform == null ? [] : local.platform_log_groups) : "arn:${local.partition}:logs:${local.region}:${local.account_id}:log-group:${group}"]

  service_uses = merge(local.trail_key_use, local.budget_key_use, {
    AlarmsPublish = {
      service     = "cloudwatch.amazonaws.com"
      source_arns = ["arn:${local.partition}:cloudwatch:${local.region}:${local.account_id}:alarm:${var.project_name}-*"]
    }
    RulesSend = { service = "events.amazonaws.com", source_arns = concat([local.auditor_rule_arn], local.finding_rule_arns) }
  })
}

locals {
  # KMS allows 7 to 30 days to change one's mind; a disposable stack needs no more than the least.
  key_deletion_window_days = var.disposable ? 7 : 30
}
