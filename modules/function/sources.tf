resource "aws_lambda_event_source_mapping" "queue" {
  for_each = var.queues

  event_source_arn                   = each.value.arn
  function_name                      = aws_lambda_function.this.arn
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
  function_name                      = aws_lambda_function.this.arn
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
