# Services of AWS's that watch the whole account, where the environment asks for them. What they find goes to the alarms' topic.

resource "aws_guardduty_detector" "this" {
  #checkov:skip=CKV2_AWS_3:a stack watches its own account; the organization's detector is made in the organization's
  for_each = { for on in [var.guardduty] : "this" => on if on }

  enable                       = true
  finding_publishing_frequency = "FIFTEEN_MINUTES"
}

resource "aws_guardduty_detector_feature" "this" {
  for_each = var.guardduty ? toset(["LAMBDA_NETWORK_LOGS", "S3_DATA_EVENTS"]) : []

  detector_id = aws_guardduty_detector.this["this"].id
  name        = each.value
  status      = "ENABLED"
}

resource "aws_macie2_account" "this" {
  for_each = { for on in [var.macie] : "this" => on if on }

  finding_publishing_frequency = "FIFTEEN_MINUTES"
  status                       = "ENABLED"
}

resource "aws_cloudwatch_event_rule" "finding" {
  for_each = local.finding_severities

  name          = "${var.project_name}-${each.key}-finding"
  description   = "What ${each.key} finds, from medium severity on."
  event_pattern = jsonencode({ source = ["aws.${each.key}"], detail = { severity = each.value } })
}

resource "aws_cloudwatch_event_target" "finding" {
  for_each = aws_cloudwatch_event_rule.finding

  rule = each.value.name
  arn  = module.observability.topic_arn
}

locals {
  # Each has its own form: https://docs.aws.amazon.com/guardduty/latest/ug/guardduty_findings_eventbridge.html,
  # https://docs.aws.amazon.com/macie/latest/user/findings-publish-event-schemas.html.
  finding_severities = merge(
    { for on in [var.guardduty] : "guardduty" => [{ numeric = [">=", 4] }] if on },
    { for on in [var.macie] : "macie" => { description = ["Medium", "High"] } if on },
  )

  # By name: the topic's policy and key are there before the rules.
  finding_rule_arns = [for service in keys(local.finding_severities) :
    "arn:${local.partition}:events:${local.region}:${local.account_id}:rule/${var.project_name}-${service}-finding"
  ]
}
