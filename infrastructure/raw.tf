# Stage 1: producers put objects under <dataset>/, S3 tells the queue, the queue feeds the processor.

module "raw" {
  source = "../modules/bucket"

  name          = local.raw_bucket
  kms_key_arn   = module.clear_key.arn
  log_bucket    = module.access_logs.log_target
  force_destroy = var.disposable
  tags          = { classification = "restricted" }

  lifecycle_rules = merge(
    { for dataset in local.datasets : "raw-${dataset}" => {
      prefix          = "${dataset}/"
      expiration_days = local.raw_retention_days[dataset]
      transition_days = local.raw_moves[dataset]
    } },
    # What lies in no data set's folder. S3 knows no "all but these", and where two rules meet, the shorter retention and
    # the cheaper class win: this one, which meets all others, keeps longest and moves nothing.
    { others = { expiration_days = local.raw_retention_extremes.longest } },
  )

  notifications = {
    raw-objects = { queue_arn = module.raw_events.arn }
  }
}

module "raw_events" {
  source = "../modules/queue"

  name                     = "${var.project_name}-raw-events"
  kms_key_arn              = module.clear_key.arn
  source_bucket_arn        = local.bucket_arns[local.raw_bucket]
  consumer_timeout_seconds = var.functions.processor.timeout_seconds
}

# Events of paused data sets (docs/operations/runbooks/processor-held.md). Nothing reads it: `datavault resume` moves the
# messages back to raw-events. As long as SQS keeps anything, so that a person has the time to decide.
resource "aws_sqs_queue" "held" {
  name                              = "${var.project_name}-raw-held"
  kms_master_key_id                 = module.clear_key.arn
  kms_data_key_reuse_period_seconds = 300
  message_retention_seconds         = local.held_retention_days * 86400

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "DenyPlainTransport"
      Effect    = "Deny"
      Principal = "*"
      Action    = "sqs:*"
      Resource  = local.held_queue_arn
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
  })
}

locals {
  held_queue_arn      = "arn:${local.partition}:sqs:${local.region}:${local.account_id}:${var.project_name}-raw-held"
  held_retention_days = 14
}
