# Stage 5: Parquet, receipts and manifests, write once read many; S3 tells the queue of each Parquet object.

module "processed" {
  source = "../modules/bucket"

  name                  = local.processed_bucket
  kms_key_arn           = module.masked_key.arn
  log_bucket            = module.access_logs.log_target
  object_lock           = { days = var.object_lock.days, mode = var.object_lock.mode }
  allow_compliance_mode = var.object_lock.allow_compliance_mode
  write_once_prefixes   = ["claims/", "contracts/", "data/", "manifests/", "receipts/", "seals/"]
  writer_role_arns      = concat([module.processor.role_arn, module.enrichment.role_arn, module.loader.role_arn, module.auditor.role_arn], values(aws_iam_role.worker)[*].arn)
  tag_guarded_prefixes  = ["data/"]
  force_destroy         = var.disposable
  tags                  = { classification = "confidential" }

  lifecycle_rules = merge(
    { for dataset in local.datasets : "data-${dataset}" => {
      prefix          = "data/${dataset}/"
      expiration_days = lookup(local.retention_days, dataset, null)
      transition_days = local.data_moves[dataset]
    } if contains(keys(local.retention_days), dataset) || length(local.data_moves[dataset]) > 0 },
    # A manifest has done its work when its COPY ends; a quarter is for looking into a load afterwards.
    { manifests = { prefix = "manifests/", expiration_days = 90 } },
  )

  notifications = {
    parquet-objects = { queue_arn = module.parquet_events.arn, prefix = "data/", suffix = ".parquet" }
  }
}

module "parquet_events" {
  source = "../modules/queue"

  name                     = "${var.project_name}-parquet-events"
  kms_key_arn              = module.masked_key.arn
  source_bucket_arn        = local.bucket_arns[local.processed_bucket]
  consumer_timeout_seconds = var.functions.loader.timeout_seconds
  consumer_window_seconds  = local.loader_window_seconds
}
