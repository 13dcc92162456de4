data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  region = data.aws_region.current.name

  # Known before the function is, for its role's policy.
  function_arn = join(":", [
    "arn", data.aws_partition.current.partition, "lambda", local.region, data.aws_caller_identity.current.account_id, "function", var.name,
  ])
}

resource "aws_cloudwatch_log_group" "this" {
  name              = "/aws/lambda/${var.name}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.kms_key_arn
}

resource "aws_lambda_function" "this" {
  #checkov:skip=CKV_AWS_116:a dead-letter queue serves asynchronous calls only; queues and streams have their own failure paths
  #checkov:skip=CKV_AWS_117:a VPC is the environment's choice (vpc); prod and staging have one
  #checkov:skip=CKV_AWS_272:the zip's hash is pinned by source_code_hash; signing is the environment's choice (signed_package)
  function_name    = var.name
  role             = aws_iam_role.this.arn
  runtime          = "python3.13"
  handler          = var.handler
  filename         = var.signed_package == null ? var.package_path : null
  s3_bucket        = one(var.signed_package[*].bucket)
  s3_key           = one(var.signed_package[*].key)
  source_code_hash = filebase64sha256(var.package_path)
  architectures    = [var.architecture]
  memory_size      = var.memory_mb
  timeout          = var.timeout_seconds
  kms_key_arn      = var.kms_key_arn

  # Lambda refuses a zip that no profile of this configuration signed, whoever brings it.
  code_signing_config_arn = one(var.signed_package[*].code_signing_config_arn)

  # A version that nothing changes any more: what the alias points at, and can point at again.
  publish = true

  # -1 is Lambda's word for "none reserved".
  reserved_concurrent_executions = coalesce(var.reserved_concurrency, -1)

  ephemeral_storage {
    size = var.ephemeral_storage_mb
  }

  environment {
    variables = var.environment
  }

  # JSON, so that every line can be queried; levels are named because INFO is the lowest that lets metrics through.
  logging_config {
    log_format            = "JSON"
    log_group             = aws_cloudwatch_log_group.this.name
    application_log_level = "INFO"
    system_log_level      = "INFO"
  }

  dynamic "vpc_config" {
    for_each = var.vpc[*]

    content {
      subnet_ids         = vpc_config.value.subnet_ids
      security_group_ids = vpc_config.value.security_group_ids
    }
  }

  tracing_config {
    mode = var.tracing ? "Active" : "PassThrough"
  }

  # Lambda tries what the role may do in the network when it makes the function. For the role's other policy it does not
  # wait: nothing calls the function before its mappings (or who uses its name) find the policy there, and that policy
  # waits for queues that take a minute.
  depends_on = [aws_iam_role_policy.network]
}
