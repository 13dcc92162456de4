# Stage 4: enriches and masks a chunk and writes it as one Parquet object.

module "enrichment" {
  source = "../modules/function"

  name                 = "${var.project_name}-enrichment"
  handler              = "handler.enrich_data"
  package_path         = "${var.package_dir}/enrichment.zip"
  architecture         = var.architecture
  memory_mb            = var.functions.enrichment.memory_mb
  timeout_seconds      = var.functions.enrichment.timeout_seconds
  ephemeral_storage_mb = 1024 # Four chunks, their Parquet and DuckDB's spill files: under 200 MB, with room.
  kms_key_arn          = module.operations_key.arn
  log_retention_days   = var.log_retention_days

  environment = merge(local.common_environment, {
    POWERTOOLS_SERVICE_NAME      = "enrichment"
    DATAVAULT_PROCESSED_BUCKET   = module.processed.name
    DATAVAULT_MASKING_SECRET_ARN = aws_secretsmanager_secret.masking_key.arn
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
    WriteParquet       = { actions = ["s3:GetObject", "s3:PutObject", "s3:PutObjectTagging"], resources = ["${module.processed.arn}/data/*"] }
    TellMissingObjects = { actions = ["s3:ListBucket"], resources = [module.processed.arn] }
    ReadMaskingKey     = { actions = ["secretsmanager:GetSecretValue"], resources = [aws_secretsmanager_secret.masking_key.arn] }
  }

  key_uses = {
    StreamKey  = { key_arn = module.clear_key.arn, service = "kinesis", context = { "aws:kinesis:arn" = module.chunks.arn } }
    SecretKey  = { key_arn = module.clear_key.arn, service = "secretsmanager", context = { SecretARN = aws_secretsmanager_secret.masking_key.arn } }
    ParquetKey = { key_arn = module.masked_key.arn, service = "s3", context = { "aws:s3:arn" = module.processed.arn }, write = true }
    FailureKey = { key_arn = module.clear_key.arn, service = "s3", context = { "aws:s3:arn" = module.quarantine.arn }, write = true }
  }
}

# The key that turns personal data into tokens. Made at the first apply, written straight to Secrets Manager, and
# never in a plan or a state: both the random value and the argument that takes it are ephemeral.
ephemeral "aws_secretsmanager_random_password" "masking_key" {
  password_length     = 64
  exclude_punctuation = true # 64 letters and digits are 381 bits, and need no escaping in JSON.
}

resource "aws_secretsmanager_secret" "masking_key" {
  #checkov:skip=CKV2_AWS_57:a new key changes every token; rotation adds a key id and is a decision, not a schedule
  name                    = "${var.project_name}-masking-key"
  description             = "Keys of the masked columns' HMAC, by id."
  kms_key_id              = module.clear_key.arn
  recovery_window_in_days = var.disposable ? 0 : 30
}

resource "aws_secretsmanager_secret_version" "masking_key" {
  secret_id = aws_secretsmanager_secret.masking_key.id
  secret_string_wo = jsonencode({
    current = "k1"
    keys    = { k1 = ephemeral.aws_secretsmanager_random_password.masking_key.random_password }
  })

  # Written once. A higher number would replace the key, and so cut all later tokens off from the earlier ones.
  secret_string_wo_version = 1
}
