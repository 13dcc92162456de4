# Who sends, how often a message is tried, and where it ends.

mock_provider "aws" {
  source          = "./tests"
  override_during = plan
}

variables {
  name                     = "acme-raw-events"
  kms_key_arn              = "arn:aws:kms:eu-central-1:111122223333:key/k"
  source_bucket_arn        = "arn:aws:s3:::acme-raw-data"
  consumer_timeout_seconds = 300
  consumer_window_seconds  = 20
}

run "a_message_stays_hidden_while_it_may_be_worked_on" {
  command = plan

  assert {
    condition     = aws_sqs_queue.this.visibility_timeout_seconds == 6 * 300 + 20
    error_message = "The visibility timeout must be six timeouts and the window."
  }
}

run "only_the_bucket_may_send" {
  command = plan

  assert {
    condition = [for statement in jsondecode(aws_sqs_queue.this.policy).Statement : [statement.Principal, statement.Action, statement.Condition] if statement.Effect == "Allow"] == [[
      { Service = "s3.amazonaws.com" }, "sqs:SendMessage",
      { ArnEquals = { "aws:SourceArn" = "arn:aws:s3:::acme-raw-data" }, StringEquals = { "aws:SourceAccount" = "111122223333" } },
    ]]
    error_message = "S3 must be the one sender, for this bucket of this account."
  }
}

run "without_a_bucket_nobody_is_let_in_by_the_queue" {
  command = plan

  variables {
    source_bucket_arn = null
  }

  assert {
    condition     = [for statement in jsondecode(aws_sqs_queue.this.policy).Statement : statement.Effect] == ["Deny"]
    error_message = "A queue without a bucket must leave it to the senders' own policies."
  }
}

run "plain_transport_is_denied" {
  command = plan

  assert {
    condition = alltrue([for policy in [aws_sqs_queue.this.policy, aws_sqs_queue.dead_letter.policy] :
      anytrue([for statement in jsondecode(policy).Statement :
        statement.Effect == "Deny" && try(statement.Condition.Bool["aws:SecureTransport"], "") == "false"
      ])
    ])
    error_message = "Both queues must refuse requests without TLS."
  }
}

run "both_queues_are_encrypted_with_the_key" {
  command = plan

  assert {
    condition     = aws_sqs_queue.this.kms_master_key_id == var.kms_key_arn && aws_sqs_queue.dead_letter.kms_master_key_id == var.kms_key_arn
    error_message = "Both queues must use the given key."
  }
}

run "what_fails_five_times_becomes_a_dead_letter_of_this_queue_only" {
  command = plan

  assert {
    condition = jsondecode(aws_sqs_queue.this.redrive_policy) == {
      deadLetterTargetArn = "arn:aws:sqs:eu-central-1:111122223333:acme-raw-events-dlq"
      maxReceiveCount     = 5
    }
    error_message = "Five deliveries, then the dead-letter queue."
  }

  assert {
    condition = jsondecode(aws_sqs_queue.dead_letter.redrive_allow_policy) == {
      redrivePermission = "byQueue"
      sourceQueueArns   = ["arn:aws:sqs:eu-central-1:111122223333:acme-raw-events"]
    }
    error_message = "No other queue may use the dead-letter queue."
  }

  assert {
    condition     = aws_sqs_queue.dead_letter.message_retention_seconds > aws_sqs_queue.this.message_retention_seconds
    error_message = "A dead letter must outlive its queue's retention."
  }
}
