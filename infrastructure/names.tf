data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

# Names that are needed before the thing exists: a key's policy names the bucket that the key encrypts.
locals {
  partition  = data.aws_partition.current.partition
  account_id = data.aws_caller_identity.current.account_id
  region     = data.aws_region.current.name

  raw_bucket        = "${var.project_name}-raw-data"
  processed_bucket  = "${var.project_name}-processed-data"
  quarantine_bucket = "${var.project_name}-quarantine-data"

  bucket_arns = { for name in [local.raw_bucket, local.processed_bucket, local.quarantine_bucket] :
    name => "arn:${local.partition}:s3:::${name}"
  }

  # What every function is told; its stage is POWERTOOLS_SERVICE_NAME.
  common_environment = {
    DATAVAULT_PROJECT            = var.project_name
    POWERTOOLS_LOG_LEVEL         = "INFO"
    POWERTOOLS_METRICS_NAMESPACE = local.metrics_namespace
  }
  metrics_namespace = "DataVault"

  # A put with tags, and where the name is taken, a look at the checksum of what is there.
  write_once_actions = ["s3:GetObject", "s3:PutObject", "s3:PutObjectTagging"]
}
