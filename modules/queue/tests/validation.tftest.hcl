# Each rule of variables.tf refuses what it is there to refuse.

mock_provider "aws" {
  source          = "./tests"
  override_during = plan
}

variables {
  name                     = "acme-raw-events"
  kms_key_arn              = "arn:aws:kms:eu-central-1:111122223333:key/k"
  source_bucket_arn        = "arn:aws:s3:::acme-raw-data"
  consumer_timeout_seconds = 300
}

run "a_name_that_leaves_no_room_for_dlq_is_refused" {
  command = plan

  variables {
    name = "a123456789b123456789c123456789d123456789e123456789f123456789g123456789h123456"
  }

  expect_failures = [var.name]
}

run "a_timeout_that_lambda_refuses_is_refused" {
  command = plan

  variables {
    consumer_timeout_seconds = 901
  }

  expect_failures = [var.consumer_timeout_seconds]
}

run "a_window_that_lambda_refuses_is_refused" {
  command = plan

  variables {
    consumer_window_seconds = 301
  }

  expect_failures = [var.consumer_window_seconds]
}

run "giving_up_after_few_deliveries_is_refused" {
  command = plan

  variables {
    max_receive_count = 4
  }

  expect_failures = [var.max_receive_count]
}

run "a_retention_that_leaves_no_room_for_dlq_is_refused" {
  command = plan

  variables {
    retention_days = 14
  }

  expect_failures = [var.retention_days]
}

run "a_dlq_retention_that_sqs_refuses_is_refused" {
  command = plan

  variables {
    dead_letter_retention_days = 15
  }

  expect_failures = [var.dead_letter_retention_days]
}

run "a_dlq_that_forgets_before_its_queue_is_refused" {
  command = plan

  variables {
    dead_letter_retention_days = 4
  }

  expect_failures = [var.dead_letter_retention_days]
}
