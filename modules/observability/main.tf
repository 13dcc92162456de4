data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  alarm_arn_prefix = join(":", [
    "arn", data.aws_partition.current.partition, "cloudwatch", data.aws_region.current.name,
    data.aws_caller_identity.current.account_id, "alarm", "${var.name}-",
  ])
  budget_arn_pattern = "arn:${data.aws_partition.current.partition}:budgets::${data.aws_caller_identity.current.account_id}:budget/${var.name}-*"

  # Who may tell the topic something, each on behalf of these alone.
  publishers = {
    LetOurAlarmsPublish  = { service = "cloudwatch.amazonaws.com", source_arns = "${local.alarm_arn_prefix}*" }
    LetOurBudgetsPublish = { service = "budgets.amazonaws.com", source_arns = local.budget_arn_pattern }
    LetOurRulesPublish   = { service = "events.amazonaws.com", source_arns = var.rule_arns }
  }
}

resource "aws_sns_topic" "alarms" {
  name              = "${var.name}-alarms"
  kms_master_key_id = var.kms_key_arn
}

resource "aws_sns_topic_policy" "alarms" {
  arn = aws_sns_topic.alarms.arn

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [for sid, publisher in local.publishers : {
        Sid       = sid
        Effect    = "Allow"
        Principal = { Service = publisher.service }
        Action    = "sns:Publish"
        Resource  = aws_sns_topic.alarms.arn
        Condition = {
          StringEquals = { "aws:SourceAccount" = data.aws_caller_identity.current.account_id }
          ArnLike      = { "aws:SourceArn" = publisher.source_arns }
        }
      } if length(publisher.source_arns) > 0],
      [{
        Sid       = "DenyPlainTransport"
        Effect    = "Deny"
        Principal = "*"
        Action    = "sns:Publish"
        Resource  = aws_sns_topic.alarms.arn
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      }],
    )
  })
}

resource "aws_sns_topic_subscription" "email" {
  for_each = var.emails

  topic_arn = aws_sns_topic.alarms.arn
  protocol  = "email"
  endpoint  = each.value
}

resource "aws_cloudwatch_metric_alarm" "this" {
  for_each = var.alarms

  alarm_name        = "${var.name}-${each.key}"
  alarm_description = "${each.value.description} Runbook: ${var.runbooks}/${coalesce(each.value.runbook, each.key)}.md"

  # One metric, or an expression over several.
  namespace   = each.value.expression == null ? each.value.namespace : null
  metric_name = each.value.metric
  dimensions  = each.value.expression == null ? each.value.dimensions : null
  statistic   = each.value.expression == null ? each.value.statistic : null
  period      = each.value.expression == null ? each.value.period_seconds : null

  dynamic "metric_query" {
    for_each = each.value.metrics

    content {
      id = metric_query.key

      metric {
        namespace   = each.value.namespace
        metric_name = metric_query.value
        dimensions  = each.value.dimensions
        stat        = each.value.statistic
        period      = each.value.period_seconds
      }
    }
  }

  dynamic "metric_query" {
    for_each = each.value.expression == null ? [] : [each.value.expression]

    content {
      id          = "result"
      expression  = metric_query.value
      label       = each.key
      return_data = true
    }
  }

  evaluation_periods  = each.value.evaluation_periods
  datapoints_to_alarm = each.value.datapoints_to_alarm
  threshold           = each.value.above
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = each.value.missing_data

  alarm_actions = [aws_sns_topic.alarms.arn]
  ok_actions    = [aws_sns_topic.alarms.arn]
}

# The pipeline in one state, for a status page or a deployment that must wait for calm. It tells nobody: each alarm does.
resource "aws_cloudwatch_composite_alarm" "this" {
  for_each = length(var.alarms) > 0 ? { pipeline = "${var.name}-pipeline" } : {}

  alarm_name        = each.value
  alarm_description = "At least one alarm of ${var.name} is on. Runbook: ${var.runbooks}/${each.key}.md"
  alarm_rule        = join(" OR ", [for alarm in aws_cloudwatch_metric_alarm.this : "ALARM(\"${alarm.alarm_name}\")"])
}
