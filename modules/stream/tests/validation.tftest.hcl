# Each rule of variables.tf refuses what it is there to refuse.

mock_provider "aws" {
  source          = "./tests"
  override_during = plan
}

variables {
  name        = "acme-chunks"
  kms_key_arn = "arn:aws:kms:eu-central-1:111122223333:key/k"
}

run "a_name_that_kinesis_refuses_is_refused" {
  command = plan

  variables {
    name = "acme chunks"
  }

  expect_failures = [var.name]
}

run "an_unknown_mode_is_refused" {
  command = plan

  variables {
    mode = "SERVERLESS"
  }

  expect_failures = [var.mode]
}

run "no_shard_is_refused" {
  command = plan

  variables {
    shard_count = 0
  }

  expect_failures = [var.shard_count]
}

run "a_retention_under_a_day_is_refused" {
  command = plan

  variables {
    retention_hours = 23
  }

  expect_failures = [var.retention_hours]
}
