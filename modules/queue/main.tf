data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  arn_prefix = "arn:${data.aws_partition.current.partition}:sqs:${data.aws_region.current.name}:${data.aws_caller_identity.current.account_id}"
  arns = {
    main        = "${local.arn_prefix}:${var.name}"
    dead_letter = "${local.arn_prefix}:${var.name}-dlq"
  }

  # AWS: at least six times the function's timeout, plus the batching window, so that a message is not handed
  # out again while it is still being worked on.
  visibility_timeout_seconds = 6 * var.consumer_timeout_seconds + var.consumer_window_seconds

  tls_only = { for queue, arn in local.arns : queue => {
    Sid       = "DenyPlainTransport"
    Effect    = "Deny"
    Principal = "*"
    Action    = "sqs:*"
    Resource  = arn
    Condition = { Bool = { "aws:SecureTransport" = "false" } }
  } }

  bucket_sends = [for bucket_arn in var.source_bucket_arn[*] : {
    Sid       = "LetBucketSend"
    Effect    = "Allow"
    Principal = { Service = "s3.amazonaws.com" }
    Action    = "sqs:SendMessage"
    Resource  = local.arns.main
    Condition = {
      ArnEquals    = { "aws:SourceArn" = bucket_arn }
      StringEquals = { "aws:SourceAccount" = data.aws_caller_identity.current.account_id }
    }
  }]
}

# Policies are attributes of the queues, not resources of their own: the provider waits 25 seconds for each
# resource of SQS, and removing a separate redrive-allow policy can hang.

resource "aws_sqs_queue" "dead_letter" {
  name                              = "${var.name}-dlq"
  kms_master_key_id                 = var.kms_key_arn
  kms_data_key_reuse_period_seconds = 300
  message_retention_seconds         = var.dead_letter_retention_days * 86400
  policy                            = jsonencode({ Version = "2012-10-17", Statement = [local.tls_only.dead_letter] })

  redrive_allow_policy = jsonencode({
    redrivePermission = "byQueue"
    sourceQueueArns   = [local.arns.main]
  })
}

resource "aws_sqs_queue" "this" {
  name                              = var.name
  kms_master_key_id                 = var.kms_key_arn
  kms_data_key_reuse_period_seconds = 300
  message_retention_seconds         = var.retention_days * 86400
  visibility_timeout_seconds        = local.visibility_timeout_seconds
  receive_wait_time_seconds         = 20
  policy                            = jsonencode({ Version = "2012-10-17", Statement = concat([local.tls_only.main], local.bucket_sends) })

  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.dead_letter.arn
    maxReceiveCount     = var.max_receive_count
  })
}
