# Who read or wrote what, in which bucket. Encrypted by S3's own key: log delivery cannot use KMS.
module "access_logs" {
  source = "../modules/bucket"

  name            = "${var.project_name}-access-logs"
  log_source_arns = values(local.bucket_arns)
  force_destroy   = var.disposable
  tags            = { classification = "internal" }

  # A year: what auditors ask for (PCI DSS 10.5.1, and CIS for CloudTrail).
  lifecycle_rules = {
    expire = { expiration_days = 365 }
  }
}
