# Each rule of variables.tf refuses what it is there to refuse.

mock_provider "aws" {
  source          = "./tests"
  override_during = plan
}

variables {
  permissions_boundary_arn = "arn:aws:iam::111122223333:policy/acme-boundary"
  name                     = "acme"
  database                 = "datavault"
  kms_key_arn              = "arn:aws:kms:eu-central-1:111122223333:key/k"
  source_bucket_arn        = "arn:aws:s3:::acme-processed-data"
  source_prefixes          = ["data/"]
}

run "a_name_that_redshift_refuses_is_refused" {
  command = plan

  variables {
    name = "Acme"
  }

  expect_failures = [var.name]
}

run "a_database_that_redshift_refuses_is_refused" {
  command = plan

  variables {
    database = "1st"
  }

  expect_failures = [var.database]
}

run "an_admin_that_redshift_refuses_is_refused" {
  command = plan

  variables {
    admin_username = "Root!"
  }

  expect_failures = [var.admin_username]
}

run "a_copy_role_that_reads_nothing_is_refused" {
  command = plan

  variables {
    source_prefixes = []
  }

  expect_failures = [var.source_prefixes]
}

run "a_prefix_without_a_slash_is_refused" {
  command = plan

  variables {
    source_prefixes = ["data"]
  }

  expect_failures = [var.source_prefixes]
}

run "a_capacity_between_steps_is_refused" {
  command = plan

  variables {
    base_capacity_rpu = 12
  }

  expect_failures = [var.base_capacity_rpu]
}

run "a_limit_of_nothing_is_refused" {
  command = plan

  variables {
    daily_limit_rpu_hours = 0
  }

  expect_failures = [var.daily_limit_rpu_hours]
}

run "a_monthly_limit_below_the_daily_one_is_refused" {
  command = plan

  variables {
    daily_limit_rpu_hours   = 96
    monthly_limit_rpu_hours = 95
  }

  expect_failures = [var.monthly_limit_rpu_hours]
}

run "a_snapshot_at_no_time_is_refused" {
  command = plan

  variables {
    snapshot = { cron = "30 3 * * ? *", retention_days = 7 }
  }

  expect_failures = [var.snapshot]
}

run "a_snapshot_that_is_not_kept_is_refused" {
  command = plan

  variables {
    snapshot = { cron = "cron(30 3 * * ? *)", retention_days = 0 }
  }

  expect_failures = [var.snapshot]
}

run "a_query_time_that_redshift_refuses_is_refused" {
  command = plan

  variables {
    max_query_seconds = 86400
  }

  expect_failures = [var.max_query_seconds]
}

run "two_subnets_are_refused" {
  command = plan

  variables {
    subnet_ids = ["subnet-a", "subnet-b"]
  }

  expect_failures = [var.subnet_ids]
}
