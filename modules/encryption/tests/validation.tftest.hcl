# Each rule of variables.tf refuses what it is there to refuse.

mock_provider "aws" {
  source          = "./tests"
  override_during = plan
}

variables {
  name         = "acme-clear"
  description  = "Test."
  via_services = ["s3"]
}

run "a_name_that_kms_refuses_is_refused" {
  command = plan

  variables {
    name = "acme clear"
  }

  expect_failures = [var.name]
}

run "a_name_of_awss_own_is_refused" {
  command = plan

  variables {
    name = "aws-clear"
  }

  expect_failures = [var.name]
}

run "a_key_that_nobody_could_use_is_refused" {
  command = plan

  variables {
    via_services = []
  }

  expect_failures = [var.via_services]
}

run "a_host_name_for_a_service_is_refused" {
  command = plan

  variables {
    via_services = ["s3.amazonaws.com"]
  }

  expect_failures = [var.via_services]
}

run "a_service_that_acts_for_anybody_is_refused" {
  command = plan

  variables {
    service_uses = { Any = { service = "s3.amazonaws.com", source_arns = [] } }
  }

  expect_failures = [var.service_uses]
}

run "a_service_that_is_no_principal_is_refused" {
  command = plan

  variables {
    service_uses = { Any = { service = "s3", source_arns = ["arn:aws:s3:::b"] } }
  }

  expect_failures = [var.service_uses]
}

run "a_deletion_window_of_a_day_is_refused" {
  command = plan

  variables {
    deletion_window_days = 1
  }

  expect_failures = [var.deletion_window_days]
}

run "a_grant_for_a_service_that_does_not_use_the_key_is_refused" {
  command = plan

  variables {
    grant_services = ["eks"]
  }

  expect_failures = [var.grant_services]
}

run "any_role_as_a_service_linked_one_is_refused" {
  command = plan

  variables {
    service_linked_roles = ["*"]
  }

  expect_failures = [var.service_linked_roles]
}
