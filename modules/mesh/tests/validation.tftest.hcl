# Each rule of variables.tf refuses what it is there to refuse.

mock_provider "aws" {
  source          = "./tests"
  override_during = plan
}

variables {
  name               = "acme"
  vpc_id             = "vpc-1"
  members            = { nodes = { security_group_id = "sg-nodes", port = 8080 } }
  kms_key_arn        = "arn:aws:kms:eu-central-1:111122223333:key/operations"
  log_retention_days = 30
}

run "a_name_that_lattice_refuses_is_refused" {
  command = plan

  variables {
    name = "acme--mesh"
  }

  expect_failures = [var.name]
}

run "a_network_without_members_is_refused" {
  command = plan

  variables {
    members = {}
  }

  expect_failures = [var.members]
}

run "a_port_that_is_none_is_refused" {
  command = plan

  variables {
    members = { nodes = { security_group_id = "sg-nodes", port = 0 } }
  }

  expect_failures = [var.members]
}

run "everybody_as_caller_is_refused" {
  command = plan

  variables {
    caller_role_arns = ["*"]
  }

  expect_failures = [var.caller_role_arns]
}
