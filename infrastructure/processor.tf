# Stage 2: validates a raw object, cuts it into chunks, sets bad records aside, and puts a receipt last.

module "processor" {
  source = "../modules/function"

  name                     = "${var.project_name}-processor"
  handler                  = "handler.process_data"
  package_path             = local.zips["processor"]
  signed_package           = local.signed_packages["processor"]
  gradual_release          = var.gradual_release != null
  reserved_concurrency     = var.functions.processor.reserved_concurrency
  architecture             = var.architecture
  memory_mb                = var.functions.processor.memory_mb
  timeout_seconds          = var.functions.processor.timeout_seconds
  kms_key_arn              = module.operations_key.arn
  log_retention_days       = var.log_retention_days
  vpc                      = local.function_vpc
  permissions_boundary_arn = aws_iam_policy.boundary.arn

  environment = merge(local.common_environment, local.hand_over_environment, {
    POWERTOOLS_SERVICE_NAME     = "processor"
    DATAVAULT_PROCESSED_BUCKET  = module.processed.name
    DATAVAULT_QUARANTINE_BUCKET = module.quarantine.name
    DATAVAULT_STREAM_NAME       = module.chunks.name
    DATAVAULT_HELD_QUEUE_URL    = aws_sqs_queue.held.url
  })

  # One object an invocation: its size is the producer's choice, and one that times out must not take others with it.
  queues = {
    raw-events = {
      arn                 = module.raw_events.arn
      batch_size          = 1
      maximum_concurrency = var.functions.processor.maximum_concurrency
    }
  }

  permissions = merge(local.hand_over_permissions, {
    ReadRawObjects     = { actions = ["s3:GetObject", "s3:GetObjectVersion"], resources = ["${module.raw.arn}/*"] }
    TellMissingObjects = { actions = ["s3:ListBucket"], resources = [module.raw.arn, module.processed.arn, module.quarantine.arn] }
    WriteReceipts      = { actions = local.write_once_actions, resources = [for prefix in ["claims", "contracts", "receipts"] : "${module.processed.arn}/${prefix}/*"] }
    WriteQuarantine    = { actions = local.write_once_actions, resources = [for prefix in ["paused", "quarantine"] : "${module.quarantine.arn}/${prefix}/*"] }
    HoldEvents         = { actions = ["sqs:SendMessage"], resources = [local.held_queue_arn] }
    PutChunks          = { actions = ["kinesis:PutRecords"], resources = [module.chunks.arn] }
  })

  key_uses = {
    RawKey        = { key_arn = module.clear_key.arn, service = "s3", context = { "aws:s3:arn" = module.raw.arn } }
    ReceiptKey    = { key_arn = module.masked_key.arn, service = "s3", context = { "aws:s3:arn" = module.processed.arn }, write = true }
    QuarantineKey = { key_arn = module.clear_key.arn, service = "s3", context = { "aws:s3:arn" = module.quarantine.arn }, write = true }
    StreamKey     = { key_arn = module.clear_key.arn, service = "kinesis", context = { "aws:kinesis:arn" = module.chunks.arn }, read = false, write = true }
    QueueKey      = { key_arn = module.clear_key.arn, service = "sqs", write = true }
  }
}
