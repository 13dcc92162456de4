# Where the environment asks for it, a new version of a function gets a part of the events first, and CodeDeploy takes it
# back when an alarm goes off meanwhile. An apply makes the version, `datavault rollout` releases it
# (docs/operations/releases.md).

resource "aws_codedeploy_app" "this" {
  for_each = local.gradual_release

  name             = var.project_name
  compute_platform = "Lambda"
}

resource "aws_codedeploy_deployment_group" "this" {
  for_each = length(local.gradual_release) > 0 ? local.rollout_alarms : {}

  app_name               = aws_codedeploy_app.this["this"].name
  deployment_group_name  = each.key
  deployment_config_name = var.gradual_release
  service_role_arn       = aws_iam_role.codedeploy["this"].arn

  deployment_style {
    deployment_option = "WITH_TRAFFIC_CONTROL"
    deployment_type   = "BLUE_GREEN"
  }

  alarm_configuration {
    enabled = true
    alarms  = [for alarm in each.value : module.observability.alarm_names[alarm]]
  }

  auto_rollback_configuration {
    enabled = true
    events  = ["DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM", "DEPLOYMENT_STOP_ON_REQUEST"]
  }
}

resource "aws_iam_role" "codedeploy" {
  for_each = local.gradual_release

  name                 = "${var.project_name}-codedeploy"
  description          = "What CodeDeploy may do to release functions of ${var.project_name}."
  permissions_boundary = aws_iam_policy.boundary.arn

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "codedeploy.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = { StringEquals = { "aws:SourceAccount" = local.account_id } }
    }]
  })
}

# AWSCodeDeployRoleForLambdaLimited without topics, hooks and revisions in S3, and for these functions only.
resource "aws_iam_role_policy" "codedeploy" {
  #checkov:skip=CKV_AWS_355:DescribeAlarms alone, as in AWS's own policy (below)
  for_each = aws_iam_role.codedeploy

  name = "codedeploy"
  role = each.value.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "MoveAliases"
        Effect   = "Allow"
        Action   = ["lambda:GetAlias", "lambda:GetProvisionedConcurrencyConfig", "lambda:UpdateAlias"]
        Resource = flatten([for stage in keys(local.rollout_alarms) : [local.stage_arns[stage], "${local.stage_arns[stage]}:*"]])
      },
      {
        # Whether a call that names alarms can be bound to them AWS does not say; its own policy does not.
        Sid      = "WatchAlarms"
        Effect   = "Allow"
        Action   = "cloudwatch:DescribeAlarms"
        Resource = "*"
      },
    ]
  })
}

locals {
  gradual_release = { for configuration in var.gradual_release[*] : "this" => configuration }

  # Alarms that speak of the version at work and fall silent when it is gone. Not those that wait for a person: a
  # dead letter would keep its own mending from being released.
  rollout_alarms = { for stage in keys(var.functions) :
    stage => concat(["${stage}-errors"], [for alarm in keys(local.invariant_alarms) : alarm if startswith(alarm, "${stage}-")])
  }

  stage_arns = { for stage in keys(local.rollout_alarms) :
    stage => "arn:${local.partition}:lambda:${local.region}:${local.account_id}:function:${var.project_name}-${stage}"
  }
}
