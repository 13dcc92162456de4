# Each rule of variables.tf refuses what it is there to refuse.

mock_provider "aws" {
  source          = "./tests"
  override_during = plan
}

variables {
  name        = "acme"
  kms_key_arn = "arn:aws:kms:eu-central-1:111122223333:key/k"
  runbooks    = "docs"
  alarms      = {}
}

run "an_address_that_is_none_is_refused" {
  command = plan

  variables {
    emails = ["nobody"]
  }

  expect_failures = [var.emails]
}

run "an_unknown_meaning_of_silence_is_refused" {
  command = plan

  variables {
    alarms = { a = { description = "A.", namespace = "N", metric = "M", dimensions = {}, above = 0, missing_data = "fine" } }
  }

  expect_failures = [var.alarms]
}

run "an_unknown_statistic_is_refused" {
  command = plan

  variables {
    alarms = { a = { description = "A.", namespace = "N", metric = "M", dimensions = {}, above = 0, missing_data = "missing", statistic = "p99" } }
  }

  expect_failures = [var.alarms]
}

run "more_datapoints_than_periods_are_refused" {
  command = plan

  variables {
    alarms = { a = { description = "A.", namespace = "N", metric = "M", dimensions = {}, above = 0, missing_data = "missing", datapoints_to_alarm = 2 } }
  }

  expect_failures = [var.alarms]
}

run "a_description_that_is_no_sentence_is_refused" {
  command = plan

  variables {
    alarms = { a = { description = "A", namespace = "N", metric = "M", dimensions = {}, above = 0, missing_data = "missing" } }
  }

  expect_failures = [var.alarms]
}

run "an_alarm_without_a_metric_is_refused" {
  command = plan

  variables {
    alarms = { a = { description = "A.", namespace = "N", dimensions = {}, above = 0, missing_data = "missing" } }
  }

  expect_failures = [var.alarms]
}

run "an_expression_without_its_metrics_is_refused" {
  command = plan

  variables {
    alarms = { a = { description = "A.", namespace = "N", expression = "m", dimensions = {}, above = 0, missing_data = "missing" } }
  }

  expect_failures = [var.alarms]
}
