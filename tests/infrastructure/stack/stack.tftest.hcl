# The whole stack, planned without a cloud. test_stack.py runs this, and reads the policies in the plan of the run "stack".

mock_provider "aws" {
  override_during = plan

  mock_data "aws_caller_identity" {
    defaults = { account_id = "111122223333" }
  }

  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }

  mock_data "aws_region" {
    defaults = { name = "eu-central-1" }
  }
}

# Names that AWS would give, each its own, so that a policy shows what it is about.
override_resource {
  target          = module.raw.aws_s3_bucket.this
  override_during = plan
  values          = { arn = "arn:aws:s3:::acme-raw-data", id = "acme-raw-data" }
}

override_resource {
  target          = module.processed.aws_s3_bucket.this
  override_during = plan
  values          = { arn = "arn:aws:s3:::acme-processed-data", id = "acme-processed-data" }
}

override_resource {
  target          = module.quarantine.aws_s3_bucket.this
  override_during = plan
  values          = { arn = "arn:aws:s3:::acme-quarantine-data", id = "acme-quarantine-data" }
}

override_resource {
  target          = module.access_logs.aws_s3_bucket.this
  override_during = plan
  values          = { arn = "arn:aws:s3:::acme-access-logs", id = "acme-access-logs" }
}

override_resource {
  target          = module.clear_key.aws_kms_key.this
  override_during = plan
  values          = { arn = "arn:aws:kms:eu-central-1:111122223333:key/clear" }
}

override_resource {
  target          = module.masked_key.aws_kms_key.this
  override_during = plan
  values          = { arn = "arn:aws:kms:eu-central-1:111122223333:key/masked" }
}

override_resource {
  target          = module.operations_key.aws_kms_key.this
  override_during = plan
  values          = { arn = "arn:aws:kms:eu-central-1:111122223333:key/operations" }
}

override_resource {
  target          = module.raw_events.aws_sqs_queue.this
  override_during = plan
  values          = { arn = "arn:aws:sqs:eu-central-1:111122223333:acme-raw-events" }
}

override_resource {
  target          = module.raw_events.aws_sqs_queue.dead_letter
  override_during = plan
  values          = { arn = "arn:aws:sqs:eu-central-1:111122223333:acme-raw-events-dlq" }
}

override_resource {
  target          = module.parquet_events.aws_sqs_queue.this
  override_during = plan
  values          = { arn = "arn:aws:sqs:eu-central-1:111122223333:acme-parquet-events" }
}

override_resource {
  target          = module.parquet_events.aws_sqs_queue.dead_letter
  override_during = plan
  values          = { arn = "arn:aws:sqs:eu-central-1:111122223333:acme-parquet-events-dlq" }
}

override_resource {
  target          = module.large_objects["this"].aws_sqs_queue.this
  override_during = plan
  values          = { arn = "arn:aws:sqs:eu-central-1:111122223333:acme-large-objects", url = "https://large-objects" }
}

override_resource {
  target          = module.large_objects["this"].aws_sqs_queue.dead_letter
  override_during = plan
  values          = { arn = "arn:aws:sqs:eu-central-1:111122223333:acme-large-objects-dlq", url = "https://large-objects-dlq" }
}

override_resource {
  target          = aws_iam_role.worker["this"]
  override_during = plan
  values          = { arn = "arn:aws:iam::111122223333:role/acme-worker", id = "acme-worker" }
}

override_resource {
  target          = module.chunks.aws_kinesis_stream.this
  override_during = plan
  values          = { arn = "arn:aws:kinesis:eu-central-1:111122223333:stream/acme-chunks" }
}

override_resource {
  target          = module.processor.aws_iam_role.this
  override_during = plan
  values          = { arn = "arn:aws:iam::111122223333:role/acme-processor" }
}

override_resource {
  target          = module.processor.aws_lambda_function.this
  override_during = plan
  values          = { arn = "arn:aws:lambda:eu-central-1:111122223333:function:acme-processor" }
}

override_resource {
  target          = module.processor.aws_cloudwatch_log_group.this
  override_during = plan
  values          = { arn = "arn:aws:logs:eu-central-1:111122223333:log-group:/aws/lambda/acme-processor" }
}

override_resource {
  target          = module.enrichment.aws_iam_role.this
  override_during = plan
  values          = { arn = "arn:aws:iam::111122223333:role/acme-enrichment" }
}

override_resource {
  target          = module.enrichment.aws_lambda_function.this
  override_during = plan
  values          = { arn = "arn:aws:lambda:eu-central-1:111122223333:function:acme-enrichment" }
}

override_resource {
  target          = module.enrichment.aws_cloudwatch_log_group.this
  override_during = plan
  values          = { arn = "arn:aws:logs:eu-central-1:111122223333:log-group:/aws/lambda/acme-enrichment" }
}

override_resource {
  target          = module.loader.aws_iam_role.this
  override_during = plan
  values          = { arn = "arn:aws:iam::111122223333:role/acme-loader" }
}

override_resource {
  target          = module.loader.aws_lambda_function.this
  override_during = plan
  values          = { arn = "arn:aws:lambda:eu-central-1:111122223333:function:acme-loader" }
}

override_resource {
  target          = module.loader.aws_cloudwatch_log_group.this
  override_during = plan
  values          = { arn = "arn:aws:logs:eu-central-1:111122223333:log-group:/aws/lambda/acme-loader" }
}

override_resource {
  target          = module.auditor.aws_iam_role.this
  override_during = plan
  values          = { arn = "arn:aws:iam::111122223333:role/acme-auditor" }
}

override_resource {
  target          = module.auditor.aws_lambda_function.this
  override_during = plan
  values          = { arn = "arn:aws:lambda:eu-central-1:111122223333:function:acme-auditor" }
}

override_resource {
  target          = module.auditor.aws_cloudwatch_log_group.this
  override_during = plan
  values          = { arn = "arn:aws:logs:eu-central-1:111122223333:log-group:/aws/lambda/acme-auditor" }
}

override_resource {
  target          = module.auditor.aws_cloudwatch_event_rule.schedule
  override_during = plan
  values          = { arn = "arn:aws:events:eu-central-1:111122223333:rule/acme-auditor-schedule" }
}

override_resource {
  target          = aws_sqs_queue.auditor_dead_letter
  override_during = plan
  values          = { arn = "arn:aws:sqs:eu-central-1:111122223333:acme-auditor-dlq" }
}

override_resource {
  target          = module.migrator.aws_iam_role.this
  override_during = plan
  values          = { arn = "arn:aws:iam::111122223333:role/acme-migrator" }
}

override_resource {
  target          = module.migrator.aws_lambda_function.this
  override_during = plan
  values          = { arn = "arn:aws:lambda:eu-central-1:111122223333:function:acme-migrator" }
}

override_resource {
  target          = module.migrator.aws_cloudwatch_log_group.this
  override_during = plan
  values          = { arn = "arn:aws:logs:eu-central-1:111122223333:log-group:/aws/lambda/acme-migrator" }
}

override_resource {
  target          = module.masking_key.aws_secretsmanager_secret.this
  override_during = plan
  values          = { arn = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:acme-masking-key-AbCdEf" }
}

override_resource {
  target          = module.warehouse.aws_iam_role.copy
  override_during = plan
  values          = { arn = "arn:aws:iam::111122223333:role/acme-warehouse-copy" }
}

override_resource {
  target          = module.warehouse.aws_redshiftserverless_namespace.this
  override_during = plan
  values = {
    arn                       = "arn:aws:redshift-serverless:eu-central-1:111122223333:namespace/n"
    admin_password_secret_arn = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:redshift!acme-admin-AbCdEf"
  }
}

override_resource {
  target          = module.warehouse.aws_redshiftserverless_workgroup.this
  override_during = plan
  values          = { arn = "arn:aws:redshift-serverless:eu-central-1:111122223333:workgroup/w" }
}

override_resource {
  target          = module.observability.aws_sns_topic.alarms
  override_during = plan
  values          = { arn = "arn:aws:sns:eu-central-1:111122223333:acme-alarms" }
}

override_resource {
  target          = module.warehouse.aws_scheduler_schedule_group.snapshot
  override_during = plan
  values          = { arn = "arn:aws:scheduler:eu-central-1:111122223333:schedule-group/acme-warehouse-snapshot" }
}

override_resource {
  target          = aws_signer_signing_job.zip
  override_during = plan
  values          = { signed_object = [{ s3 = [{ bucket = "acme-artifacts", key = "signed/loader-1.zip" }] }] }
}

variables {
  project_name  = "acme"
  contracts_dir = "tests/contracts"
  warehouse     = { snapshot = { cron = "cron(30 3 * * ? *)", retention_days = 35 } }
  worker        = { threshold_mb = 1000 }
}

run "stack" {
  command = plan

  assert {
    condition     = output.datasets == tolist(["parcels", "visits"])
    error_message = "Each folder with a contract must be a data set."
  }

  assert {
    condition = [output.raw_bucket, output.processed_bucket, output.quarantine_bucket, output.stream_name, output.workgroup, output.database] == [
      "acme-raw-data", "acme-processed-data", "acme-quarantine-data", "acme-chunks", "acme", "datavault",
    ]
    error_message = "Names must be the documented ones."
  }

  assert {
    condition     = output.functions == { processor = "acme-processor", enrichment = "acme-enrichment", loader = "acme-loader", auditor = "acme-auditor", migrator = "acme-migrator" }
    error_message = "Each stage must have its function."
  }

  assert {
    condition = output.worker == {
      role_arn   = "arn:aws:iam::111122223333:role/acme-worker"
      queue_url  = "https://large-objects"
      queue_name = "acme-large-objects"
      dlq_url    = "https://large-objects-dlq"
    }
    error_message = "The worker must find its role and its queues."
  }

  assert {
    condition     = output.endpoint_url == null && output.warehouse_port == null
    error_message = "On AWS there is neither a local endpoint nor a local port."
  }
}

run "a_name_too_long_for_its_buckets_is_refused" {
  command = plan

  variables {
    project_name = "a-name-that-is-longer-than-a-role-of-the-warehouse"
  }

  expect_failures = [var.project_name]
}

run "the_budget_counts_what_carries_the_stacks_tag" {
  command = plan

  variables {
    monthly_budget_usd = 100
  }

  assert {
    condition     = one(aws_budgets_budget.monthly["monthly"].cost_filter).values == tolist(["user:project$acme"])
    error_message = "AWS Budgets reads a tag as user:key$value; of any other form it counts nothing."
  }
}

run "a_folder_without_contracts_is_refused" {
  command = plan

  variables {
    contracts_dir = "tests"
  }

  expect_failures = [var.contracts_dir]
}

run "a_window_that_lambda_refuses_is_refused" {
  command = plan

  variables {
    loader_window_seconds = 301
  }

  expect_failures = [var.loader_window_seconds]
}

run "keeping_raw_objects_no_day_is_refused" {
  command = plan

  variables {
    raw_retention_days = 0
  }

  expect_failures = [var.raw_retention_days]
}

run "without_a_worker_nothing_is_handed_over" {
  command = plan

  variables {
    worker = null
  }

  assert {
    condition     = output.worker == null && length(local.hand_over_environment) == 0 && length(local.hand_over_permissions) == 0
    error_message = "Without a worker the processor must keep every object: a queue that nobody reads would lose them."
  }
}

run "a_threshold_that_takes_every_object_is_refused" {
  command = plan

  variables {
    worker = { threshold_mb = 0 }
  }

  expect_failures = [var.worker]
}

run "an_auditor_that_cloudwatch_cannot_watch_is_refused" {
  command = plan

  variables {
    functions = { auditor = { period_minutes = 721 } }
  }

  expect_failures = [var.functions]
}

run "an_auditor_that_forgets_at_midnight_is_refused" {
  command = plan

  variables {
    functions = { auditor = { days = 1 } }
  }

  expect_failures = [var.functions]
}

run "objects_that_expire_under_their_lock_are_noticed" {
  command = plan

  variables {
    object_lock = { days = 731 }
  }

  expect_failures = [check.retention_outlasts_the_lock]
}

run "without_being_asked_functions_change_in_the_apply_and_nothing_watches_the_account" {
  command = plan

  assert {
    condition = output.rollout_application == null && 0 == sum([
      length(aws_codedeploy_app.this), length(aws_signer_signing_profile.this), length(aws_guardduty_detector.this), length(aws_macie2_account.this),
    ])
    error_message = "What costs, or changes how a release goes, must be asked for."
  }
}

run "a_gradual_release_watches_alarms_that_end_with_the_version" {
  command = plan

  variables {
    gradual_release = "CodeDeployDefault.LambdaCanary10Percent5Minutes"
  }

  assert {
    condition     = output.rollout_application == "acme" && toset(keys(aws_codedeploy_deployment_group.this)) == toset(["auditor", "enrichment", "loader", "processor"])
    error_message = "Each function with sources must have its deployment group."
  }

  assert {
    condition = alltrue([for stage, group in aws_codedeploy_deployment_group.this :
      contains(group.alarm_configuration[0].alarms, "acme-${stage}-errors") && !contains(group.alarm_configuration[0].alarms, "acme-${stage}-dlq")
    ])
    error_message = "Errors must roll back, and a dead letter must not keep its mending away."
  }

  assert {
    condition = alltrue([for group in aws_codedeploy_deployment_group.this :
      group.auto_rollback_configuration[0].enabled && contains(group.auto_rollback_configuration[0].events, "DEPLOYMENT_STOP_ON_ALARM")
    ])
    error_message = "An alarm must roll back."
  }
}

run "a_configuration_that_codedeploy_has_not_is_refused" {
  command = plan

  variables {
    gradual_release = "CodeDeployDefault.OneAtATime"
  }

  expect_failures = [var.gradual_release]
}

run "signed_zips_are_the_only_ones" {
  command = plan

  variables {
    code_signing = true
  }

  assert {
    condition     = aws_lambda_code_signing_config.this["this"].policies[0].untrusted_artifact_on_deployment == "Enforce"
    error_message = "A zip that nobody signed must be refused."
  }

  assert {
    condition     = toset(keys(aws_signer_signing_job.zip)) == toset(["auditor", "enrichment", "loader", "processor"])
    error_message = "Each zip must be signed."
  }
}

run "what_the_watchers_find_reaches_the_topic" {
  command = plan

  variables {
    guardduty = true
    macie     = true
  }

  assert {
    condition = { for service, rule in aws_cloudwatch_event_rule.finding : service => jsondecode(rule.event_pattern) } == {
      guardduty = { source = ["aws.guardduty"], detail = { severity = [{ numeric = [">=", 4] }] } }
      macie     = { source = ["aws.macie"], detail = { severity = { description = ["Medium", "High"] } } }
    }
    error_message = "Findings from medium severity on must be told."
  }

  assert {
    condition     = toset([for target in aws_cloudwatch_event_target.finding : target.arn]) == toset(["arn:aws:sns:eu-central-1:111122223333:acme-alarms"])
    error_message = "Findings must go where the alarms go."
  }
}
