resource "aws_lambda_event_source_mapping" "queue" {
  for_each = var.queues

  event_source_arn                   = each.value.arn
  function_name                      = local.alias.arn
  batch_size                         = each.value.batch_size
  maximum_batching_window_in_seconds = each.value.window_seconds
  function_response_types            = ["ReportBatchItemFailures"]

  scaling_config {
    maximum_concurrency = each.value.maximum_concurrency
  }

  depends_on = [aws_iam_role_policy.this]
}

resource "aws_lambda_event_source_mapping" "stream" {
  for_each = var.streams

  event_source_arn                   = each.value.arn
  function_name                      = local.alias.arn
  batch_size                         = each.value.batch_size
  maximum_batching_window_in_seconds = each.value.window_seconds
  parallelization_factor             = each.value.parallelization_factor
  function_response_types            = ["ReportBatchItemFailures"]

  # From the oldest record: what was put before the mapping existed is not skipped.
  starting_position = "TRIM_HORIZON"

  # Without bounds one bad record blocks its shard until it expires. A failing batch is halved until the bad
  # record is alone, tried a few times more, and kept in the failure bucket.
  bisect_batch_on_function_error = true
  maximum_retry_attempts         = each.value.maximum_retries
  maximum_record_age_in_seconds  = each.value.maximum_age_seconds

  destination_config {
    on_failure {
      destination_arn = each.value.failure_bucket_arn
    }
  }

  # The only place where it shows that a batch was given up (or, worse, dropped).
  metrics_config {
    metrics = ["EventCount"]
  }

  depends_on = [aws_iam_role_policy.this]
}

# A rule of EventBridge rather than a schedule of EventBridge Scheduler: docs/decisions/0021-auditor-by-the-clock.md.
resource "aws_cloudwatch_event_rule" "schedule" {
  for_each = { for schedule in var.schedule[*] : "schedule" => schedule }

  name                = "${var.name}-schedule"
  description         = "Invokes ${var.name}."
  schedule_expression = "rate(${each.value.period_minutes} ${each.value.period_minutes == 1 ? "minute" : "minutes"})"
}

resource "aws_cloudwatch_event_target" "schedule" {
  for_each = aws_cloudwatch_event_rule.schedule

  rule = each.value.name
  arn  = local.alias.arn

  # What EventBridge cannot hand to Lambda.
  dead_letter_config {
    arn = var.schedule.dead_letter_queue_arn
  }

  depends_on = [aws_iam_role_policy.this, aws_lambda_permission.schedule]
}

resource "aws_lambda_permission" "schedule" {
  for_each = aws_cloudwatch_event_rule.schedule

  function_name = local.alias.function_name
  qualifier     = local.alias.name
  action        = "lambda:InvokeFunction"
  principal     = "events.amazonaws.com"
  source_arn    = each.value.arn
}

# What Lambda took and the function failed at: once more, and not when the next one is due.
resource "aws_lambda_function_event_invoke_config" "schedule" {
  for_each = aws_cloudwatch_event_rule.schedule

  function_name                = local.alias.function_name
  qualifier                    = local.alias.name
  maximum_retry_attempts       = 1
  maximum_event_age_in_seconds = min(21600, var.schedule.period_minutes * 60)

  destination_config {
    on_failure {
      destination = var.schedule.dead_letter_queue_arn
    }
  }

  depends_on = [aws_iam_role_policy.this]
}
