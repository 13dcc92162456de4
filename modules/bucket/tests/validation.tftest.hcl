# Each rule of variables.tf refuses what it is there to refuse.

mock_provider "aws" {
  source          = "./tests"
  override_during = plan
}

variables {
  name = "acme-raw-data"
}

run "a_name_that_s3_refuses_is_refused" {
  command = plan

  variables {
    name = "Acme_Data"
  }

  expect_failures = [var.name]
}

run "a_lock_of_no_days_is_refused" {
  command = plan

  variables {
    object_lock = { days = 0 }
  }

  expect_failures = [var.object_lock]
}

run "an_unknown_lock_mode_is_refused" {
  command = plan

  variables {
    object_lock = { days = 1, mode = "FOREVER" }
  }

  expect_failures = [var.object_lock]
}

run "compliance_without_consent_is_refused" {
  command = plan

  variables {
    object_lock = { days = 1, mode = "COMPLIANCE" }
  }

  expect_failures = [var.object_lock]
}

run "keeping_old_versions_no_day_is_refused" {
  command = plan

  variables {
    noncurrent_retention_days = 0
  }

  expect_failures = [var.noncurrent_retention_days]
}

run "a_lifecycle_rule_that_does_nothing_is_refused" {
  command = plan

  variables {
    lifecycle_rules = { idle = { prefix = "data/" } }
  }

  expect_failures = [var.lifecycle_rules]
}

run "moving_what_has_expired_is_refused" {
  command = plan

  variables {
    lifecycle_rules = { late = { expiration_days = 30, transition_days = { GLACIER_IR = 90 } } }
  }

  expect_failures = [var.lifecycle_rules]
}

run "more_rules_than_s3_takes_are_refused" {
  command = plan

  variables {
    lifecycle_rules = { for number in range(1000) : "rule-${number}" => { expiration_days = 1 } }
  }

  expect_failures = [var.lifecycle_rules]
}

run "guarded_tags_that_nobody_may_set_are_refused" {
  command = plan

  variables {
    tag_guarded_prefixes = ["data/"]
  }

  expect_failures = [var.tag_guarded_prefixes]
}
