# Alarms, their runbooks, and who may raise them.

mock_provider "aws" {
  source          = "./tests"
  override_during = plan
}

variables {
  name        = "acme"
  kms_key_arn = "arn:aws:kms:eu-central-1:111122223333:key/operations"
  runbooks    = "docs/operations/runbooks"
  emails      = ["oncall@example.org"]
  alarms = {
    loader-dlq = {
      description  = "The loader gave up."
      namespace    = "AWS/SQS"
      metric       = "ApproximateNumberOfMessagesVisible"
      dimensions   = { QueueName = "acme-parquet-events-dlq" }
      statistic    = "Maximum"
      above        = 0
      missing_data = "notBreaching"
    }
  }
}

run "an_alarm_names_its_runbook_and_tells_the_topic_both_ways" {
  command = plan

  assert {
    condition     = aws_cloudwatch_metric_alarm.this["loader-dlq"].alarm_name == "acme-loader-dlq"
    error_message = "The alarm must carry the stack's prefix."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.this["loader-dlq"].alarm_description == "The loader gave up. Runbook: docs/operations/runbooks/loader-dlq.md"
    error_message = "The description must end in the runbook."
  }

  assert {
    condition = (
      aws_cloudwatch_metric_alarm.this["loader-dlq"].alarm_actions == toset([aws_sns_topic.alarms.arn])
      && aws_cloudwatch_metric_alarm.this["loader-dlq"].ok_actions == toset([aws_sns_topic.alarms.arn])
    )
    error_message = "Alarm and recovery must both be told."
  }

  assert {
    condition = (
      aws_cloudwatch_metric_alarm.this["loader-dlq"].treat_missing_data == "notBreaching"
      && aws_cloudwatch_metric_alarm.this["loader-dlq"].comparison_operator == "GreaterThanThreshold"
      && aws_cloudwatch_metric_alarm.this["loader-dlq"].threshold == 0
    )
    error_message = "One message must be enough, and silence must mean none."
  }
}

run "the_topic_is_encrypted_and_takes_our_alarms_only" {
  command = plan

  assert {
    condition     = aws_sns_topic.alarms.kms_master_key_id == var.kms_key_arn
    error_message = "The topic must be encrypted with the key."
  }

  assert {
    condition = [for statement in jsondecode(aws_sns_topic_policy.alarms.policy).Statement : [statement.Principal, statement.Condition] if statement.Effect == "Allow"] == [
      [
        { Service = "cloudwatch.amazonaws.com" },
        {
          ArnLike      = { "aws:SourceArn" = "arn:aws:cloudwatch:eu-central-1:111122223333:alarm:acme-*" }
          StringEquals = { "aws:SourceAccount" = "111122223333" }
        },
      ],
      [
        { Service = "budgets.amazonaws.com" },
        {
          ArnLike      = { "aws:SourceArn" = "arn:aws:budgets::111122223333:budget/acme-*" }
          StringEquals = { "aws:SourceAccount" = "111122223333" }
        },
      ],
    ]
    error_message = "Only this stack's alarms and budgets may publish."
  }
}

run "rules_that_are_named_may_publish_too" {
  command = plan

  variables {
    rule_arns = ["arn:aws:events:eu-central-1:111122223333:rule/acme-guardduty-finding"]
  }

  assert {
    condition = [for statement in jsondecode(aws_sns_topic_policy.alarms.policy).Statement : statement.Condition if statement.Effect == "Allow" && statement.Principal == { Service = "events.amazonaws.com" }] == [{
      ArnLike      = { "aws:SourceArn" = ["arn:aws:events:eu-central-1:111122223333:rule/acme-guardduty-finding"] }
      StringEquals = { "aws:SourceAccount" = "111122223333" }
    }]
    error_message = "The rules that are named may publish, and no other."
  }
}

run "every_address_is_subscribed" {
  command = plan

  assert {
    condition     = [for subscription in aws_sns_topic_subscription.email : subscription.endpoint] == ["oncall@example.org"]
    error_message = "Each address must get the alarms."
  }
}

run "alarms_can_share_a_runbook" {
  command = plan

  variables {
    alarms = {
      auditor-freshness-flights = {
        description  = "Old."
        runbook      = "auditor-freshness"
        namespace    = "DataVault"
        metric       = "OldestUnloadedSeconds"
        dimensions   = { dataset = "flights" }
        above        = 900
        missing_data = "ignore"
      }
    }
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.this["auditor-freshness-flights"].alarm_name == "acme-auditor-freshness-flights"
    error_message = "The name stays the alarm's own."
  }

  assert {
    condition     = endswith(aws_cloudwatch_metric_alarm.this["auditor-freshness-flights"].alarm_description, " Runbook: docs/operations/runbooks/auditor-freshness.md")
    error_message = "The runbook must be the one that is named."
  }
}

run "an_expression_over_several_metrics_is_an_alarm" {
  command = plan

  variables {
    alarms = {
      bad-share = {
        description    = "Too many are bad."
        namespace      = "Acme"
        dimensions     = { dataset = "parcels" }
        metrics        = { bad = "Bad", good = "Good" }
        expression     = "bad / (bad + good)"
        period_seconds = 900
        above          = 0.5
        missing_data   = "notBreaching"
      }
    }
  }

  assert {
    condition = { for query in aws_cloudwatch_metric_alarm.this["bad-share"].metric_query : query.id => coalesce(query.expression, try(query.metric[0].metric_name, null)) } == {
      bad = "Bad", good = "Good", result = "bad / (bad + good)"
    }
    error_message = "The metrics and the expression must be the alarm's queries."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.this["bad-share"].metric_name == null && aws_cloudwatch_metric_alarm.this["bad-share"].threshold == 0.5
    error_message = "An alarm over an expression has no metric of its own."
  }
}

run "the_pipelines_alarm_follows_every_other_and_tells_nobody" {
  command = plan

  assert {
    condition     = aws_cloudwatch_composite_alarm.this["pipeline"].alarm_rule == "ALARM(\"acme-loader-dlq\")"
    error_message = "Any alarm must show in the pipeline's."
  }

  assert {
    condition     = aws_cloudwatch_composite_alarm.this["pipeline"].alarm_actions == null
    error_message = "Each alarm tells for itself; twice would be noise."
  }
}

run "without_alarms_there_is_no_pipelines_alarm" {
  command = plan

  variables {
    alarms = {}
  }

  assert {
    condition     = length(aws_cloudwatch_composite_alarm.this) == 0
    error_message = "CloudWatch takes no empty rule."
  }
}
