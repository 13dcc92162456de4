# Beside the way: bad records with their reason (quarantine/), chunks that cannot be enriched (failed-chunks/), notes of
# Parquet objects that Redshift does not take (failed-loads/), and batches that Lambda gave up (aws/lambda/<mapping's
# uuid>/…, a name that it chooses).

module "quarantine" {
  source = "../modules/bucket"

  name                = local.quarantine_bucket
  kms_key_arn         = module.clear_key.arn
  log_bucket          = module.access_logs.log_target
  write_once_prefixes = ["failed-chunks/", "failed-loads/", "quarantine/", "replays/"]
  writer_role_arns    = [module.processor.role_arn, module.enrichment.role_arn, module.loader.role_arn]
  force_destroy       = var.disposable
  tags                = { classification = "restricted" }

  # As long as the raw object that the records came from, so that a replay finds both or neither.
  lifecycle_rules = {
    expire = { expiration_days = var.raw_retention_days }
  }
}
