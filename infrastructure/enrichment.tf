# Stage 4: enriches and masks a chunk and writes it as one Parquet object.

module "enrichment" {
  source = "../modules/function"

  name                     = "${var.project_name}-enrichment"
  handler                  = "handler.enrich_data"
  package_path             = local.zips["enrichment"]
  signed_package           = local.signed_packages["enrichment"]
  gradual_release          = var.gradual_release != null
  reserved_concurrency     = var.functions.enrichment.reserved_concurrency
  architecture             = var.architecture
  memory_mb                = var.functions.enrichment.memory_mb
  timeout_seconds          = var.functions.enrichment.timeout_seconds
  ephemeral_storage_mb     = 1024 # Four chunks, their Parquet and DuckDB's spill files: under 200 MB, with room.
  kms_key_arn              = module.operations_key.arn
  log_retention_days       = var.log_retention_days
  vpc                      = local.function_vpc
  permissions_boundary_arn = aws_iam_policy.boundary.arn

  environment = merge(local.common_environment, {
    POWERTOOLS_SERVICE_NAME      = "enrichment"
    DATAVAULT_PROCESSED_BUCKET   = module.processed.name
    DATAVAULT_QUARANTINE_BUCKET  = module.quarantine.name
    DATAVAULT_MASKING_SECRET_ARN = module.masking_key.secret_arn
  })

  streams = {
    chunks = {
      arn                    = module.chunks.arn
      failure_bucket_arn     = module.quarantine.arn
      batch_size             = 4 # An event is 6 MB at most, and base64 adds a third: four chunks of 1 MiB fit.
      parallelization_factor = var.functions.enrichment.parallelization_factor
      maximum_retries        = var.functions.enrichment.maximum_retries

      # A third of the stream's retention: what is given up can still be read there while somebody looks into it.
      maximum_age_seconds = var.stream.retention_hours * 1200
    }
  }

  permissions = {
    WriteParquet       = { actions = local.write_once_actions, resources = ["${module.processed.arn}/data/*"] }
    SetChunksAside     = { actions = local.write_once_actions, resources = ["${module.quarantine.arn}/failed-chunks/*"] }
    TellMissingObjects = { actions = ["s3:ListBucket"], resources = [module.processed.arn, module.quarantine.arn] }
    ReadMaskingKey     = { actions = ["secretsmanager:GetSecretValue"], resources = [module.masking_key.secret_arn] }
  }

  key_uses = {
    StreamKey  = { key_arn = module.clear_key.arn, service = "kinesis", context = { "aws:kinesis:arn" = module.chunks.arn } }
    SecretKey  = { key_arn = module.clear_key.arn, service = "secretsmanager", context = { SecretARN = module.masking_key.secret_arn } }
    ParquetKey = { key_arn = module.masked_key.arn, service = "s3", context = { "aws:s3:arn" = module.processed.arn }, write = true }
    FailureKey = { key_arn = module.clear_key.arn, service = "s3", context = { "aws:s3:arn" = module.quarantine.arn }, write = true }
  }
}

# The key that turns personal data into tokens.
module "masking_key" {
  source = "../modules/keyring"

  name                 = "${var.project_name}-masking-key"
  description          = "Keys of the masked columns' HMAC, by id."
  kms_key_arn          = module.clear_key.arn
  recovery_window_days = var.disposable ? 0 : 30
}
