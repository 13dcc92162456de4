# Each rule of variables.tf refuses what it is there to refuse.

mock_provider "aws" {
  override_during = plan
}

variables {
  name        = "acme-objects"
  bucket_arns = ["arn:aws:s3:::acme-raw-data"]
  log_bucket  = "acme-trail-logs"
  kms_key_arn = "arn:aws:kms:eu-central-1:111122223333:key/k"
}

run "a_name_that_cloudtrail_refuses_is_refused" {
  command = plan

  variables {
    name = "acme objects"
  }

  expect_failures = [var.name]
}

run "a_trail_of_every_bucket_is_refused" {
  command = plan

  variables {
    bucket_arns = []
  }

  expect_failures = [var.bucket_arns]
}
