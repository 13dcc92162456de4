# Beside the way: bad records with their reason (quarantine/), chunks that cannot be enriched (failed-chunks/), notes of
# Parquet objects that Redshift does not take (failed-loads/), and batches that Lambda gave up (aws/lambda/<mapping's
# uuid>/…, a name that it chooses).

module "quarantine" {
  source = "../modules/bucket"

  name                = local.quarantine_bucket
  kms_key_arn         = module.clear_key.arn
  log_bucket          = module.access_logs.log_target
  write_once_prefixes = ["failed-chunks/", "failed-loads/", "quarantine/", "replays/"]
  writer_role_arns    = concat([module.processor.role_arn, module.enrichment.role_arn, module.loader.role_arn], values(aws_iam_role.worker)[*].arn)
  force_destroy       = var.disposable
  tags                = { classification = "restricted" }

  # As long as the raw object that it came from. Nothing moves: mostly small objects, which S3 would leave where they are.
  lifecycle_rules = merge(
    { for folder in setproduct(["failed-chunks", "failed-loads", "quarantine", "replays"], keys(local.aside_days)) :
      join("-", folder) => { prefix = "${join("/", folder)}/", expiration_days = local.aside_days[folder[1]] }
    },
    # Batches of any data sets, so not longer than the one that is kept shortest.
    { batches = { prefix = "aws/", expiration_days = local.raw_retention_extremes.shortest } },
    # What else there is, and data sets whose contract is gone: as in raw.tf, the rule that meets all others keeps longest.
    { others = { expiration_days = local.raw_retention_extremes.longest } },
  )
}

locals {
  # What is in no contract's folder is filed under _unknown.
  aside_days = merge(local.raw_retention_days, { _unknown = var.raw_retention_days })
}
