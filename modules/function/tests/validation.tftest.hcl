# Each rule of variables.tf refuses what it is there to refuse.

mock_provider "aws" {
  source          = "./tests"
  override_during = plan
}

variables {
  permissions_boundary_arn = "arn:aws:iam::111122223333:policy/acme-boundary"
  name                     = "acme-loader"
  handler                  = "handler.load_data"
  package_path             = "README.md"
  kms_key_arn              = "arn:aws:kms:eu-central-1:111122223333:key/k"
  memory_mb                = 512
  timeout_seconds          = 60
  environment              = {}
  log_retention_days       = 365
}

run "a_name_that_lambda_refuses_is_refused" {
  command = plan

  variables {
    name = "acme loader"
  }

  expect_failures = [var.name]
}

run "a_handler_without_a_module_is_refused" {
  command = plan

  variables {
    handler = "load_data"
  }

  expect_failures = [var.handler]
}

run "a_missing_zip_is_refused" {
  command = plan

  variables {
    package_path = "missing.zip"
  }

  expect_failures = [var.package_path]
}

run "an_unknown_architecture_is_refused" {
  command = plan

  variables {
    architecture = "riscv64"
  }

  expect_failures = [var.architecture]
}

run "too_little_memory_is_refused" {
  command = plan

  variables {
    memory_mb = 64
  }

  expect_failures = [var.memory_mb]
}

run "too_long_a_timeout_is_refused" {
  command = plan

  variables {
    timeout_seconds = 901
  }

  expect_failures = [var.timeout_seconds]
}

run "too_little_storage_is_refused" {
  command = plan

  variables {
    ephemeral_storage_mb = 256
  }

  expect_failures = [var.ephemeral_storage_mb]
}

run "a_wildcard_action_is_refused" {
  command = plan

  variables {
    permissions = { Read = { actions = ["s3:Get*"], resources = ["arn:aws:s3:::b/*"] } }
  }

  expect_failures = [var.permissions]
}

run "every_resource_without_a_condition_is_refused" {
  command = plan

  variables {
    permissions = { Read = { actions = ["s3:GetObject"], resources = ["*"] } }
  }

  expect_failures = [var.permissions]
}

run "an_empty_queue_batch_is_refused" {
  command = plan

  variables {
    queues = { q = { arn = "a", batch_size = 0, maximum_concurrency = 2 } }
  }

  expect_failures = [var.queues]
}

run "a_large_queue_batch_without_a_window_is_refused" {
  command = plan

  variables {
    queues = { q = { arn = "a", batch_size = 11, maximum_concurrency = 2 } }
  }

  expect_failures = [var.queues]
}

run "a_single_queue_consumer_is_refused" {
  command = plan

  variables {
    queues = { q = { arn = "a", batch_size = 1, maximum_concurrency = 1 } }
  }

  expect_failures = [var.queues]
}

run "endless_stream_retries_are_refused" {
  command = plan

  variables {
    streams = { s = { arn = "a", failure_bucket_arn = "b", batch_size = 4, maximum_retries = -1, maximum_age_seconds = 60 } }
  }

  expect_failures = [var.streams]
}

run "an_endless_stream_age_is_refused" {
  command = plan

  variables {
    streams = { s = { arn = "a", failure_bucket_arn = "b", batch_size = 4, maximum_retries = 1, maximum_age_seconds = -1 } }
  }

  expect_failures = [var.streams]
}

run "an_empty_stream_batch_is_refused" {
  command = plan

  variables {
    streams = { s = { arn = "a", failure_bucket_arn = "b", batch_size = 0, maximum_retries = 1, maximum_age_seconds = 60 } }
  }

  expect_failures = [var.streams]
}

run "too_many_readers_of_a_shard_are_refused" {
  command = plan

  variables {
    streams = { s = { arn = "a", failure_bucket_arn = "b", batch_size = 4, maximum_retries = 1, maximum_age_seconds = 60, parallelization_factor = 11 } }
  }

  expect_failures = [var.streams]
}

run "half_a_minute_is_refused" {
  command = plan

  variables {
    schedule = { period_minutes = 1.5, dead_letter_queue_arn = "a" }
  }

  expect_failures = [var.schedule]
}

run "a_period_shorter_than_the_timeout_is_refused" {
  command = plan

  variables {
    timeout_seconds = 61
    schedule        = { period_minutes = 1, dead_letter_queue_arn = "a" }
  }

  expect_failures = [var.schedule]
}

run "a_key_for_nothing_is_refused" {
  command = plan

  variables {
    key_uses = { K = { key_arn = "a", service = "s3", read = false } }
  }

  expect_failures = [var.key_uses]
}

run "a_vpc_with_one_subnet_is_refused" {
  command = plan

  variables {
    vpc = { subnet_ids = ["subnet-a"], security_group_ids = ["sg-a"] }
  }

  expect_failures = [var.vpc]
}

run "reserving_nothing_is_refused" {
  command = plan

  variables {
    reserved_concurrency = 0
  }

  expect_failures = [var.reserved_concurrency]
}

run "less_reserved_than_a_queue_brings_is_refused" {
  command = plan

  variables {
    reserved_concurrency = 5
    queues               = { raw-events = { arn = "arn:aws:sqs:eu-central-1:111122223333:q", batch_size = 1, maximum_concurrency = 10 } }
  }

  expect_failures = [var.reserved_concurrency]
}
