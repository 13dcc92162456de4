# Where the environment asks for it, Lambda runs only what was signed here: who may change a function's code but not sign
# cannot bring his own.

resource "aws_signer_signing_profile" "this" {
  for_each = local.code_signing

  name        = replace(var.project_name, "-", "_") # Letters, digits and underscores.
  platform_id = "AWSLambda-SHA384-ECDSA"

  # The longest that Signer offers. A signature that ends stops no function; the next deployment signs anew.
  signature_validity_period {
    type  = "MONTHS"
    value = 135
  }
}

resource "aws_lambda_code_signing_config" "this" {
  for_each = aws_signer_signing_profile.this

  description = "Zips of ${var.project_name}, signed by its profile."

  allowed_publishers {
    signing_profile_version_arns = [each.value.version_arn]
  }

  policies {
    untrusted_artifact_on_deployment = "Enforce"
  }
}

# Signer reads from S3 and writes to S3; Lambda copies what it runs.
module "artifacts" {
  source   = "../modules/bucket"
  for_each = local.code_signing

  name          = "${var.project_name}-artifacts"
  kms_key_arn   = module.operations_key.arn
  log_bucket    = module.access_logs.log_target
  force_destroy = true # What is in it can be built again.
  tags          = { classification = "internal" }

  lifecycle_rules = {
    signed = { prefix = "signed/", expiration_days = 90 }
  }
}

resource "aws_s3_object" "zip" {
  for_each = length(local.code_signing) > 0 ? local.zips : {}

  bucket      = module.artifacts["this"].name
  key         = "unsigned/${each.key}.zip"
  source      = each.value
  source_hash = filebase64sha256(each.value)
}

resource "aws_signer_signing_job" "zip" {
  for_each = aws_s3_object.zip

  profile_name = aws_signer_signing_profile.this["this"].name

  source {
    s3 {
      bucket  = each.value.bucket
      key     = each.value.key
      version = each.value.version_id
    }
  }

  destination {
    s3 {
      bucket = each.value.bucket
      prefix = "signed/${each.key}-"
    }
  }
}

locals {
  code_signing = { for on in [var.code_signing] : "this" => on if on }
  zips         = { for stage in keys(var.functions) : stage => "${var.package_dir}/${stage}.zip" }

  signed_packages = { for zip in keys(local.zips) : zip => var.code_signing ? {
    bucket                  = aws_signer_signing_job.zip[zip].signed_object[0].s3[0].bucket
    key                     = aws_signer_signing_job.zip[zip].signed_object[0].s3[0].key
    code_signing_config_arn = aws_lambda_code_signing_config.this["this"].arn
  } : null }
}
