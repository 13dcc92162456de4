# Snapshots by the clock. Redshift Serverless makes a recovery point every 30 minutes by itself and keeps it for 24 hours;
# what is deleted on a Friday evening is gone on Monday without these.

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}

locals {
  partition     = data.aws_partition.current.partition
  region        = data.aws_region.current.name
  account_id    = data.aws_caller_identity.current.account_id
  snapshot      = { for snapshot in var.snapshot[*] : "this" => snapshot }
  schedule_name = "${var.name}-warehouse-snapshot"
}

# A group of its own: Scheduler counts what it gives up by group.
resource "aws_scheduler_schedule_group" "snapshot" {
  for_each = local.snapshot

  name = local.schedule_name
}

resource "aws_scheduler_schedule" "snapshot" {
  for_each = local.snapshot

  name                         = local.schedule_name
  group_name                   = aws_scheduler_schedule_group.snapshot[each.key].name
  description                  = "Makes a snapshot of the warehouse ${var.name}."
  schedule_expression          = each.value.cron
  schedule_expression_timezone = "UTC"
  kms_key_arn                  = var.kms_key_arn

  flexible_time_window {
    mode = "OFF"
  }

  target {
    # A universal target: Scheduler calls the API itself, and wants its parameters with a capital, whatever the API's
    # own spelling (EventBridge Scheduler User Guide, "Using universal targets").
    arn      = "arn:${local.partition}:scheduler:::aws-sdk:redshiftserverless:createSnapshot"
    role_arn = aws_iam_role.snapshot[each.key].arn

    # A name that Scheduler makes, so that none is ever taken. Not by jsonencode, which would escape the brackets.
    input = "{\"NamespaceName\":\"${var.name}\",\"RetentionPeriod\":${each.value.retention_days},\"SnapshotName\":\"${var.name}-<aws.scheduler.execution-id>\"}"

    retry_policy {
      maximum_event_age_in_seconds = 3600
      maximum_retry_attempts       = 5
    }
  }
}

resource "aws_iam_role" "snapshot" {
  for_each = local.snapshot

  name                 = local.schedule_name
  description          = "What makes snapshots of the warehouse ${var.name}."
  permissions_boundary = var.permissions_boundary_arn

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "scheduler.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = {
        # Scheduler says the group of the schedule, not the schedule.
        ArnEquals    = { "aws:SourceArn" = aws_scheduler_schedule_group.snapshot[each.key].arn }
        StringEquals = { "aws:SourceAccount" = local.account_id }
      }
    }]
  })
}

resource "aws_iam_role_policy" "snapshot" {
  for_each = local.snapshot

  name = "snapshot"
  role = aws_iam_role.snapshot[each.key].id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid    = "MakeSnapshots"
        Effect = "Allow"
        Action = "redshift-serverless:CreateSnapshot"
        # A snapshot's ARN ends in an id that Redshift makes up.
        Resource = [aws_redshiftserverless_namespace.this.arn, "arn:${local.partition}:redshift-serverless:${local.region}:${local.account_id}:snapshot/*"]
      },
      {
        Sid       = "ReadInput"
        Effect    = "Allow"
        Action    = "kms:Decrypt"
        Resource  = var.kms_key_arn
        Condition = { StringEquals = { "kms:ViaService" = "scheduler.${local.region}.amazonaws.com" } }
      },
    ]
  })
}
