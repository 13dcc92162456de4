# The function, its role, and how events reach it.

mock_provider "aws" {
  source          = "./tests"
  override_during = plan
}

variables {
  permissions_boundary_arn = "arn:aws:iam::111122223333:policy/acme-boundary"
  name                     = "acme-loader"
  handler                  = "handler.load_data"
  package_path             = "README.md"
  kms_key_arn              = "arn:aws:kms:eu-central-1:111122223333:key/operations"
  memory_mb                = 512
  timeout_seconds          = 60
  environment              = { POWERTOOLS_SERVICE_NAME = "loader" }
  log_retention_days       = 365
}

run "a_function_is_encrypted_logged_and_traced" {
  command = plan

  assert {
    condition     = aws_lambda_function.this.kms_key_arn == var.kms_key_arn && aws_cloudwatch_log_group.this.kms_key_id == var.kms_key_arn
    error_message = "Environment and logs must be encrypted with the key."
  }

  assert {
    condition     = aws_cloudwatch_log_group.this.name == "/aws/lambda/acme-loader" && aws_cloudwatch_log_group.this.retention_in_days == 365
    error_message = "Logs must go to the function's group and end."
  }

  assert {
    condition     = aws_lambda_function.this.logging_config[0].log_format == "JSON" && aws_lambda_function.this.logging_config[0].application_log_level == "INFO"
    error_message = "Logs must be JSON, at a level that lets metrics through."
  }

  assert {
    condition     = aws_lambda_function.this.tracing_config[0].mode == "Active" && aws_lambda_function.this.runtime == "python3.13"
    error_message = "Tracing must be on."
  }

  assert {
    condition     = aws_lambda_function.this.architectures == tolist(["arm64"])
    error_message = "arm64 must be the default."
  }
}

run "a_bare_role_may_write_its_logs_and_traces_and_nothing_else" {
  command = plan

  assert {
    condition = toset(flatten([for statement in jsondecode(aws_iam_role_policy.this.policy).Statement : statement.Action])) == toset([
      "logs:CreateLogStream", "logs:PutLogEvents", "xray:PutTelemetryRecords", "xray:PutTraceSegments",
    ])
    error_message = "A role must hold nothing that it was not given."
  }

  assert {
    condition = alltrue([for statement in jsondecode(aws_iam_role_policy.this.policy).Statement :
      statement.Resource == "arn:aws:logs:eu-central-1:111122223333:log-group:/aws/lambda/acme-loader:*" if statement.Sid == "WriteLogs"
    ])
    error_message = "Logs must be bound to the function's own group."
  }
}

run "without_tracing_no_statement_is_about_every_resource" {
  command = plan

  variables {
    tracing = false
  }

  assert {
    condition     = !anytrue([for statement in jsondecode(aws_iam_role_policy.this.policy).Statement : contains(flatten([statement.Resource]), "*")])
    error_message = "X-Ray's must be the only statement about every resource."
  }
}

run "a_key_is_bound_to_its_service_and_resource" {
  command = plan

  variables {
    key_uses = {
      RawKey = { key_arn = "arn:aws:kms:eu-central-1:111122223333:key/clear", service = "s3", context = { "aws:s3:arn" = "arn:aws:s3:::acme-raw-data" } }
    }
  }

  assert {
    condition = anytrue([for statement in jsondecode(aws_iam_role_policy.this.policy).Statement :
      statement.Sid == "RawKey" && try(statement.Action == ["kms:Decrypt"], false) && statement.Resource == "arn:aws:kms:eu-central-1:111122223333:key/clear"
      && try(statement.Condition.StringEquals == {
        "kms:ViaService" = "s3.eu-central-1.amazonaws.com", "kms:EncryptionContext:aws:s3:arn" = "arn:aws:s3:::acme-raw-data",
      }, false)
    ])
    error_message = "A key must be usable through S3, for that bucket, to read."
  }
}

run "who_only_writes_cannot_decrypt" {
  command = plan

  variables {
    key_uses = {
      AsideKey = { key_arn = "arn:aws:kms:eu-central-1:111122223333:key/clear", service = "s3", read = false, write = true }
    }
  }

  assert {
    condition = anytrue([for statement in jsondecode(aws_iam_role_policy.this.policy).Statement :
      statement.Sid == "AsideKey" && try(statement.Action == ["kms:GenerateDataKey"], false)
    ])
    error_message = "A key for writing must not decrypt."
  }
}

run "a_queue_reports_failures_one_by_one" {
  command = plan

  variables {
    queues = { raw-events = { arn = "arn:aws:sqs:eu-central-1:111122223333:q", batch_size = 1, maximum_concurrency = 2 } }
  }

  assert {
    condition = (
      aws_lambda_event_source_mapping.queue["raw-events"].function_response_types == toset(["ReportBatchItemFailures"])
      && aws_lambda_event_source_mapping.queue["raw-events"].scaling_config[0].maximum_concurrency == 2
    )
    error_message = "Only what failed may come again, with bounded concurrency."
  }

  assert {
    condition = anytrue([for statement in jsondecode(aws_iam_role_policy.this.policy).Statement :
      statement.Sid == "ConsumeQueues" && try(statement.Resource == ["arn:aws:sqs:eu-central-1:111122223333:q"], false)
    ])
    error_message = "The role must read that queue."
  }
}

run "a_stream_never_blocks_for_ever_and_keeps_what_fails" {
  command = plan

  variables {
    streams = {
      chunks = {
        arn                 = "arn:aws:kinesis:eu-central-1:111122223333:stream/s"
        failure_bucket_arn  = "arn:aws:s3:::acme-quarantine-data"
        batch_size          = 4
        maximum_retries     = 10
        maximum_age_seconds = 86400
      }
    }
  }

  assert {
    condition = (
      aws_lambda_event_source_mapping.stream["chunks"].maximum_retry_attempts == 10
      && aws_lambda_event_source_mapping.stream["chunks"].maximum_record_age_in_seconds == 86400
      && aws_lambda_event_source_mapping.stream["chunks"].bisect_batch_on_function_error
    )
    error_message = "Retries must be bounded and a failing batch halved."
  }

  assert {
    condition     = aws_lambda_event_source_mapping.stream["chunks"].destination_config[0].on_failure[0].destination_arn == "arn:aws:s3:::acme-quarantine-data"
    error_message = "What fails for good must be kept."
  }

  assert {
    condition     = aws_lambda_event_source_mapping.stream["chunks"].starting_position == "TRIM_HORIZON"
    error_message = "Nothing that was put before the mapping may be skipped."
  }

  assert {
    condition     = aws_lambda_event_source_mapping.stream["chunks"].metrics_config[0].metrics == toset(["EventCount"])
    error_message = "The metrics that show a batch given up must be on."
  }

  assert {
    condition = anytrue([for statement in jsondecode(aws_iam_role_policy.this.policy).Statement :
      statement.Sid == "KeepFailedBatches" && try(statement.Resource == ["arn:aws:s3:::acme-quarantine-data/aws/lambda/*"], false)
    ])
    error_message = "The role must be able to keep failed batches, where Lambda puts them."
  }
}

run "without_a_schedule_no_clock_invokes_it" {
  command = plan

  assert {
    condition     = length(aws_cloudwatch_event_rule.schedule) + length(aws_lambda_permission.schedule) + length(aws_lambda_function_event_invoke_config.schedule) == 0
    error_message = "A function without a schedule must have no rule."
  }
}

run "a_schedule_invokes_and_keeps_what_fails" {
  command = plan

  variables {
    schedule = { period_minutes = 15, dead_letter_queue_arn = "arn:aws:sqs:eu-central-1:111122223333:dlq" }
  }

  assert {
    condition     = aws_cloudwatch_event_rule.schedule["schedule"].schedule_expression == "rate(15 minutes)"
    error_message = "The rule must have the period."
  }

  assert {
    condition = (
      aws_lambda_permission.schedule["schedule"].principal == "events.amazonaws.com"
      && aws_lambda_permission.schedule["schedule"].source_arn == aws_cloudwatch_event_rule.schedule["schedule"].arn
    )
    error_message = "Only that rule may invoke the function."
  }

  assert {
    condition = (
      aws_cloudwatch_event_target.schedule["schedule"].dead_letter_config[0].arn == "arn:aws:sqs:eu-central-1:111122223333:dlq"
      && aws_lambda_function_event_invoke_config.schedule["schedule"].destination_config[0].on_failure[0].destination == "arn:aws:sqs:eu-central-1:111122223333:dlq"
    )
    error_message = "What EventBridge cannot deliver, and what the function fails at, must both be kept."
  }

  assert {
    condition = (
      aws_lambda_function_event_invoke_config.schedule["schedule"].maximum_retry_attempts == 1
      && aws_lambda_function_event_invoke_config.schedule["schedule"].maximum_event_age_in_seconds == 900
    )
    error_message = "Retries must end before the next invocation."
  }

  assert {
    condition = anytrue([for statement in jsondecode(aws_iam_role_policy.this.policy).Statement :
      statement.Sid == "KeepFailedInvocations" && try(statement.Resource == "arn:aws:sqs:eu-central-1:111122223333:dlq", false)
    ])
    error_message = "Lambda keeps failed invocations as the function's role."
  }
}

run "one_minute_is_singular" {
  command = plan

  variables {
    schedule = { period_minutes = 1, dead_letter_queue_arn = "arn:aws:sqs:eu-central-1:111122223333:dlq" }
  }

  assert {
    condition     = aws_cloudwatch_event_rule.schedule["schedule"].schedule_expression == "rate(1 minute)"
    error_message = "EventBridge refuses `1 minutes`."
  }
}

run "in_a_vpc_lambda_attaches_the_function_and_its_code_cannot" {
  command = plan

  variables {
    vpc = { subnet_ids = ["subnet-a", "subnet-b"], security_group_ids = ["sg-a"] }
  }

  assert {
    condition     = toset(aws_lambda_function.this.vpc_config[0].subnet_ids) == toset(["subnet-a", "subnet-b"])
    error_message = "The function must run in the subnets."
  }

  assert {
    condition = [for statement in jsondecode(aws_iam_role_policy.network["vpc"].policy).Statement : statement.Condition.ArnEquals["lambda:SourceFunctionArn"]
      if statement.Effect == "Deny" && contains(statement.Action, "ec2:CreateNetworkInterface")
    ] == [local.function_arn]
    error_message = "The function's own code must not make network interfaces."
  }
}

run "the_role_is_bound" {
  command = plan

  assert {
    condition     = aws_iam_role.this.permissions_boundary == var.permissions_boundary_arn
    error_message = "The role must carry the boundary."
  }
}

run "sources_invoke_an_alias_of_the_newest_version" {
  command = plan

  variables {
    queues   = { raw-events = { arn = "arn:aws:sqs:eu-central-1:111122223333:q", batch_size = 1, maximum_concurrency = 2 } }
    schedule = { period_minutes = 15, dead_letter_queue_arn = "arn:aws:sqs:eu-central-1:111122223333:dlq" }
  }

  assert {
    condition     = aws_lambda_function.this.publish && aws_lambda_alias.newest["live"].function_version == aws_lambda_function.this.version
    error_message = "The alias must follow the newest version."
  }

  assert {
    condition = toset([
      aws_lambda_event_source_mapping.queue["raw-events"].function_name, aws_cloudwatch_event_target.schedule["schedule"].arn,
    ]) == toset(["arn:aws:lambda:eu-central-1:111122223333:function:acme-loader:live"])
    error_message = "Sources must invoke the alias, or a rollback would not reach them."
  }

  assert {
    condition = toset([
      aws_lambda_permission.schedule["schedule"].qualifier, aws_lambda_function_event_invoke_config.schedule["schedule"].qualifier,
    ]) == toset(["live"])
    error_message = "The schedule's permission and retries must be the alias's."
  }
}

run "a_gradual_release_leaves_the_alias_to_codedeploy" {
  command = plan

  variables {
    gradual_release = true
    queues          = { raw-events = { arn = "arn:aws:sqs:eu-central-1:111122223333:q", batch_size = 1, maximum_concurrency = 2 } }
  }

  assert {
    condition     = length(aws_lambda_alias.newest) == 0 && aws_lambda_alias.released["live"].name == "live"
    error_message = "There must be one alias, which an apply does not move."
  }

  assert {
    condition     = aws_lambda_event_source_mapping.queue["raw-events"].function_name == aws_lambda_alias.released["live"].arn
    error_message = "Sources must invoke the alias."
  }
}

run "a_signed_package_is_the_one_that_runs" {
  command = plan

  variables {
    signed_package = {
      bucket                  = "acme-artifacts"
      key                     = "signed/loader-1.zip"
      code_signing_config_arn = "arn:aws:lambda:eu-central-1:111122223333:code-signing-config:csc-1"
    }
  }

  assert {
    condition = (
      aws_lambda_function.this.filename == null && aws_lambda_function.this.s3_key == "signed/loader-1.zip"
      && aws_lambda_function.this.code_signing_config_arn == var.signed_package.code_signing_config_arn
    )
    error_message = "Lambda must get the signed zip, and refuse others."
  }
}
