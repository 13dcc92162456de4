# Each rule of variables.tf and variables_access.tf refuses what it is there to refuse.

mock_provider "aws" {
  source          = "./tests"
  override_during = plan
}

variables {
  name                       = "acme"
  vpc_id                     = "vpc-1"
  subnet_ids                 = ["subnet-a", "subnet-b", "subnet-c"]
  endpoint_security_group_id = "sg-endpoints"
  s3_prefix_list_id          = "pl-s3"
  kms_key_arn                = "arn:aws:kms:eu-central-1:111122223333:key/platform"
  log_kms_key_arn            = "arn:aws:kms:eu-central-1:111122223333:key/operations"
  log_retention_days         = 30
  permissions_boundary_arn   = "arn:aws:iam::111122223333:policy/acme-platform-boundary"
}

run "a_name_too_long_for_its_roles_is_refused" {
  command = plan

  variables {
    name = "a12345678901234567890123456789012345678901234567890"
  }

  expect_failures = [var.name]
}

run "a_version_that_costs_six_times_as_much_is_refused" {
  command = plan

  variables {
    kubernetes_version = "1.33"
  }

  expect_failures = [var.kubernetes_version]
}

run "an_add_on_that_is_not_here_is_refused" {
  command = plan

  variables {
    addon_versions = { aws-ebs-csi-driver = "v1.2.3-eksbuild.1" }
  }

  expect_failures = [var.addon_versions]
}

run "a_version_that_is_not_eks_own_is_refused" {
  command = plan

  variables {
    addon_versions = { coredns = "1.13.2" }
  }

  expect_failures = [var.addon_versions]
}

run "nodes_of_another_architecture_are_refused" {
  command = plan

  variables {
    nodes = { instance_type = "m7i.large" }
  }

  expect_failures = [var.nodes]
}

run "a_single_node_is_refused" {
  command = plan

  variables {
    nodes = { count = 1 }
  }

  expect_failures = [var.nodes]
}

run "a_volume_too_small_for_its_images_is_refused" {
  command = plan

  variables {
    nodes = { volume_gb = 10 }
  }

  expect_failures = [var.nodes]
}

run "a_single_subnet_is_refused" {
  command = plan

  variables {
    subnet_ids = ["subnet-a"]
  }

  expect_failures = [var.subnet_ids]
}

run "the_whole_internet_is_refused" {
  command = plan

  variables {
    public_access_cidrs = ["0.0.0.0/0"]
  }

  expect_failures = [var.public_access_cidrs]
}

run "an_entry_for_nobody_is_refused" {
  command = plan

  variables {
    access_entries = { a = { principal_arn = "operators", kubernetes_groups = ["viewers"] } }
  }

  expect_failures = [var.access_entries]
}

run "an_entry_for_nothing_is_refused" {
  command = plan

  variables {
    access_entries = { a = { principal_arn = "arn:aws:iam::111122223333:role/a" } }
  }

  expect_failures = [var.access_entries]
}

run "a_group_of_kubernetes_own_is_refused" {
  command = plan

  variables {
    access_entries = { a = { principal_arn = "arn:aws:iam::111122223333:role/a", kubernetes_groups = ["system:masters"] } }
  }

  expect_failures = [var.access_entries]
}

run "a_policy_that_is_not_eks_own_is_refused" {
  command = plan

  variables {
    access_entries = { a = { principal_arn = "arn:aws:iam::111122223333:role/a", policies = { AdministratorAccess = {} } } }
  }

  expect_failures = [var.access_entries]
}

run "two_roles_for_one_service_account_are_refused" {
  command = plan

  variables {
    pod_identities = { a = { namespace = "n", service_account = "s", role_arn = "arn:aws:iam::111122223333:role/a" }, b = { namespace = "n", service_account = "s", role_arn = "arn:aws:iam::111122223333:role/a" } }
  }

  expect_failures = [var.pod_identities]
}
