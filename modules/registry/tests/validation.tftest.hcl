# Each rule of variables.tf refuses what it is there to refuse.

mock_provider "aws" {
  source          = "./tests"
  override_during = plan
}

variables {
  name        = "acme/datavault-processor"
  kms_key_arn = "arn:aws:kms:eu-central-1:111122223333:key/platform"
  puller_arns = ["arn:aws:iam::111122223333:role/acme-nodes"]
}

run "a_name_with_capitals_is_refused" {
  command = plan

  variables {
    name = "Acme"
  }

  expect_failures = [var.name]
}

run "a_repository_that_nobody_pulls_is_refused" {
  command = plan

  variables {
    puller_arns = []
  }

  expect_failures = [var.puller_arns]
}

run "everybody_as_puller_is_refused" {
  command = plan

  variables {
    puller_arns = ["*"]
  }

  expect_failures = [var.puller_arns]
}

run "nothing_to_go_back_to_is_refused" {
  command = plan

  variables {
    keep_tagged = 1
  }

  expect_failures = [var.keep_tagged]
}

run "expiring_at_once_is_refused" {
  command = plan

  variables {
    untagged_days = 0
  }

  expect_failures = [var.untagged_days]
}
