# Each rule of variables.tf refuses what it is there to refuse.

mock_provider "aws" {
  source          = "./tests"
  override_during = plan
}

variables {
  name                     = "acme"
  cidr                     = "10.64.0.0/20"
  bucket_arns              = ["arn:aws:s3:::acme-raw-data"]
  interface_services       = { sqs = "sqs" }
  kms_key_arn              = "arn:aws:kms:eu-central-1:111122223333:key/k"
  log_retention_days       = 30
  permissions_boundary_arn = "arn:aws:iam::111122223333:policy/acme-boundary"
}

run "a_range_without_room_for_redshift_is_refused" {
  command = plan

  variables {
    cidr = "10.64.0.0/24"
  }

  expect_failures = [var.cidr]
}

run "two_zones_are_refused" {
  command = plan

  variables {
    zone_count = 2
  }

  expect_failures = [var.zone_count]
}

run "a_network_without_buckets_is_refused" {
  command = plan

  variables {
    bucket_arns = []
  }

  expect_failures = [var.bucket_arns]
}

run "the_world_as_inside_is_refused" {
  command = plan

  variables {
    internal_cidrs = ["0.0.0.0/0"]
  }

  expect_failures = [var.internal_cidrs]
}
