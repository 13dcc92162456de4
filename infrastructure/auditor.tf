# Beside the way: every few minutes, does it all add up? Seals what does, and says what does not.

module "auditor" {
  source = "../modules/function"

  name                     = "${var.project_name}-auditor"
  handler                  = "handler.audit_data"
  package_path             = local.zips["auditor"]
  signed_package           = local.signed_packages["auditor"]
  gradual_release          = var.gradual_release != null
  reserved_concurrency     = var.functions.auditor.reserved_concurrency
  architecture             = var.architecture
  memory_mb                = var.functions.auditor.memory_mb
  timeout_seconds          = var.functions.auditor.timeout_seconds
  kms_key_arn              = module.operations_key.arn
  log_retention_days       = var.log_retention_days
  vpc                      = local.function_vpc
  permissions_boundary_arn = aws_iam_policy.boundary.arn

  # No concurrency is reserved: an account that is new allows 10 in all and refuses to reserve one of them. Two auditors
  # at once do no harm: a seal is written once, and who comes second stops (docs/decisions/0021-auditor-by-the-clock.md).
  schedule = {
    period_minutes        = var.functions.auditor.period_minutes
    dead_letter_queue_arn = aws_sqs_queue.auditor_dead_letter.arn
  }

  environment = merge(local.common_environment, {
    POWERTOOLS_SERVICE_NAME     = "auditor"
    DATAVAULT_RAW_BUCKET        = module.raw.name
    DATAVAULT_PROCESSED_BUCKET  = module.processed.name
    DATAVAULT_QUARANTINE_BUCKET = module.quarantine.name
    DATAVAULT_WORKGROUP         = module.warehouse.workgroup_name
    DATAVAULT_DATABASE          = module.warehouse.database

    # Not longer than quarantine is kept: what has expired there must not look like lost.
    DATAVAULT_AUDIT_DAYS = min(var.functions.auditor.days, local.raw_retention_extremes.shortest)
  })

  permissions = {
    ListRawVersions    = { actions = ["s3:ListBucketVersions"], resources = [module.raw.arn] }
    TellMissingObjects = { actions = ["s3:ListBucket"], resources = [module.processed.arn, module.quarantine.arn] }
    ReadAccounts       = { actions = ["s3:GetObject"], resources = ["${module.processed.arn}/data/*", "${module.processed.arn}/receipts/*"] }
    ReadQuarantineHash = { actions = ["s3:GetObject"], resources = ["${module.quarantine.arn}/quarantine/*"] }
    WriteSeals         = { actions = local.write_once_actions, resources = ["${module.processed.arn}/seals/*"] }

    LogIn               = local.warehouse_permissions.LogIn
    RunStatements       = local.warehouse_permissions.RunStatements
    FollowOwnStatements = local.warehouse_permissions.FollowOwnStatements
  }

  key_uses = {
    ObjectKey = { key_arn = module.masked_key.arn, service = "s3", context = { "aws:s3:arn" = module.processed.arn }, write = true }
    # S3 tells the checksum of an encrypted object only to who may decrypt it.
    QuarantineKey = { key_arn = module.clear_key.arn, service = "s3", context = { "aws:s3:arn" = module.quarantine.arn } }
    DeadLetterKey = { key_arn = module.operations_key.arn, service = "sqs", write = true }
  }
}

# Invocations that failed for good. They hold no data: the next audit looks at the same days.
resource "aws_sqs_queue" "auditor_dead_letter" {
  name                              = "${var.project_name}-auditor-dlq"
  kms_master_key_id                 = module.operations_key.arn
  kms_data_key_reuse_period_seconds = 300
  message_retention_seconds         = 14 * 86400

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "DenyPlainTransport"
        Effect    = "Deny"
        Principal = "*"
        Action    = "sqs:*"
        Resource  = local.auditor_dead_letter_arn
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
      {
        Sid       = "LetScheduleSend"
        Effect    = "Allow"
        Principal = { Service = "events.amazonaws.com" }
        Action    = "sqs:SendMessage"
        Resource  = local.auditor_dead_letter_arn
        Condition = {
          ArnEquals    = { "aws:SourceArn" = local.auditor_rule_arn }
          StringEquals = { "aws:SourceAccount" = local.account_id }
        }
      },
    ]
  })
}

locals {
  auditor_dead_letter_arn = "arn:${local.partition}:sqs:${local.region}:${local.account_id}:${var.project_name}-auditor-dlq"
  auditor_rule_arn        = "arn:${local.partition}:events:${local.region}:${local.account_id}:rule/${var.project_name}-auditor-schedule"
  auditor_seconds         = var.functions.auditor.period_minutes * 60

  # What is in no contract's folder is filed under _unknown, where nobody promised more than everybody gets.
  promised_seconds = merge({ _unknown = 900 }, { for dataset in local.datasets : dataset => lookup(local.promises[dataset], "latency", 900) })

  # A value each period. Without one nothing is known to have changed, and auditor-incomplete says that.
  auditor_alarms = merge(
    { for dataset, seconds in local.promised_seconds : "auditor-records-unaccounted-${dataset}" => {
      description    = "Records of ${dataset} are neither in the warehouse nor in quarantine, later than promised, or numbers contradict."
      runbook        = "auditor-records-unaccounted"
      namespace      = local.metrics_namespace
      metric         = "RecordsUnaccounted"
      dimensions     = { service = "auditor", dataset = dataset }
      statistic      = "Maximum"
      period_seconds = local.auditor_seconds
      above          = 0
      missing_data   = "ignore"
    } },
    { for dataset, seconds in local.promised_seconds : "auditor-freshness-${dataset}" => {
      description    = "The oldest object of ${dataset} that is not loaded is older than its contract promises."
      runbook        = "auditor-freshness"
      namespace      = local.metrics_namespace
      metric         = "OldestUnloadedSeconds"
      dimensions     = { service = "auditor", dataset = dataset }
      statistic      = "Maximum"
      period_seconds = local.auditor_seconds
      above          = seconds
      missing_data   = "ignore"
    } },
    # Two periods without a single audit that saw everything. The least of two: one that was cut short is caught up.
    { auditor-incomplete = {
      description    = "The auditor does not run, or does not get to look at everything."
      namespace      = local.metrics_namespace
      metric         = "DatasetsNotAudited"
      dimensions     = { service = "auditor" }
      statistic      = "Minimum"
      period_seconds = 2 * local.auditor_seconds
      above          = 0
      missing_data   = "breaching"
    } },
  )
}
