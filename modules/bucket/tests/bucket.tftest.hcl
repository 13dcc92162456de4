# What the bucket refuses, keeps, locks and tells.

mock_provider "aws" {
  source          = "./tests"
  override_during = plan
}

variables {
  name        = "acme-raw-data"
  kms_key_arn = "arn:aws:kms:eu-central-1:111122223333:key/k"
  log_bucket  = "acme-access-logs"
}

run "a_bucket_is_private_versioned_encrypted_and_logged" {
  command = plan

  assert {
    condition = alltrue([
      aws_s3_bucket_public_access_block.this.block_public_acls, aws_s3_bucket_public_access_block.this.block_public_policy,
      aws_s3_bucket_public_access_block.this.ignore_public_acls, aws_s3_bucket_public_access_block.this.restrict_public_buckets,
    ])
    error_message = "Public access must be blocked in all four ways."
  }

  assert {
    condition     = aws_s3_bucket_versioning.this.versioning_configuration[0].status == "Enabled"
    error_message = "Versions must be kept."
  }

  assert {
    condition     = one(aws_s3_bucket_server_side_encryption_configuration.this.rule).bucket_key_enabled
    error_message = "A bucket key must keep the number of KMS requests down."
  }

  assert {
    condition     = one(one(aws_s3_bucket_server_side_encryption_configuration.this.rule).apply_server_side_encryption_by_default).kms_master_key_id == var.kms_key_arn
    error_message = "The given key must encrypt."
  }

  assert {
    condition     = aws_s3_bucket_ownership_controls.this.rule[0].object_ownership == "BucketOwnerEnforced"
    error_message = "ACLs must be off."
  }

  assert {
    condition     = aws_s3_bucket_logging.this["target"].target_bucket == "acme-access-logs"
    error_message = "Access must be logged."
  }

  assert {
    condition     = !aws_s3_bucket.this.force_destroy && !aws_s3_bucket.this.object_lock_enabled
    error_message = "A bucket must be neither deletable with its content nor locked unless told so."
  }
}

run "the_policy_denies_plain_transport_and_other_keys" {
  command = plan

  assert {
    condition = anytrue([for statement in jsondecode(aws_s3_bucket_policy.this.policy).Statement :
      statement.Effect == "Deny" && statement.Principal == "*" && statement.Action == "s3:*"
      && try(statement.Condition.Bool["aws:SecureTransport"], "") == "false" && length(statement.Resource) == 2
    ])
    error_message = "Requests without TLS must be denied, on the bucket and on its objects."
  }

  assert {
    condition = anytrue([for statement in jsondecode(aws_s3_bucket_policy.this.policy).Statement :
      statement.Effect == "Deny" && statement.Action == "s3:PutObject"
      && try(statement.Condition.Null["s3:x-amz-server-side-encryption"], "") == "false"
      && try(statement.Condition.StringNotEquals["s3:x-amz-server-side-encryption-aws-kms-key-id"], "") == var.kms_key_arn
    ])
    error_message = "A put that names another key, or an algorithm without a key, must be denied."
  }

  assert {
    condition     = alltrue([for statement in jsondecode(aws_s3_bucket_policy.this.policy).Statement : statement.Effect == "Deny"])
    error_message = "A bucket's policy must grant nothing to anybody."
  }
}

run "write_once_prefixes_need_conditional_puts_and_keep_writers_from_deleting" {
  command = plan

  variables {
    write_once_prefixes = ["data/"]
    writer_role_arns    = ["arn:aws:iam::111122223333:role/acme-enrichment"]
  }

  assert {
    condition = anytrue([for statement in jsondecode(aws_s3_bucket_policy.this.policy).Statement :
      statement.Effect == "Deny" && statement.Action == "s3:PutObject"
      && try(statement.Condition.Null["s3:if-none-match"], "") == "true"
      && try(statement.Condition.Bool["s3:ObjectCreationOperation"], "") == "true"
      && try(statement.Resource == ["arn:aws:s3:::acme-raw-data/data/*"], false)
    ])
    error_message = "A put without If-None-Match must be denied, parts of a multipart upload excepted."
  }

  assert {
    condition = anytrue([for statement in jsondecode(aws_s3_bucket_policy.this.policy).Statement :
      statement.Effect == "Deny" && try(contains(statement.Action, "s3:DeleteObject") && contains(statement.Action, "s3:DeleteObjectVersion"), false)
      && try(statement.Condition.ArnEquals["aws:PrincipalArn"] == ["arn:aws:iam::111122223333:role/acme-enrichment"], false)
    ])
    error_message = "Writers must not delete: a delete marker lets the next conditional put through."
  }
}

run "only_writers_set_tags_that_decide_who_reads" {
  command = plan

  variables {
    tag_guarded_prefixes = ["data/"]
    writer_role_arns     = ["arn:aws:iam::111122223333:role/acme-enrichment"]
  }

  assert {
    condition = anytrue([for statement in jsondecode(aws_s3_bucket_policy.this.policy).Statement :
      statement.Effect == "Deny" && statement.Principal == "*"
      && try(toset(statement.Action) == toset(["s3:DeleteObjectTagging", "s3:DeleteObjectVersionTagging", "s3:PutObjectTagging", "s3:PutObjectVersionTagging"]), false)
      && try(statement.Resource == ["arn:aws:s3:::acme-raw-data/data/*"], false)
      && try(statement.Condition == { ArnNotEquals = { "aws:PrincipalArn" = ["arn:aws:iam::111122223333:role/acme-enrichment"] } }, false)
    ])
    error_message = "Whoever is no writer must neither set, change nor take away tags, of no version."
  }
}

run "object_lock_is_governance_unless_compliance_is_allowed" {
  command = plan

  variables {
    object_lock = { days = 30 }
  }

  assert {
    condition     = aws_s3_bucket.this.object_lock_enabled
    error_message = "The lock must be enabled."
  }

  assert {
    condition     = aws_s3_bucket_object_lock_configuration.this["default"].rule[0].default_retention[0].mode == "GOVERNANCE"
    error_message = "GOVERNANCE must be the default mode."
  }
}

run "compliance_mode_takes_consent" {
  command = plan

  variables {
    object_lock           = { days = 30, mode = "COMPLIANCE" }
    allow_compliance_mode = true
  }

  assert {
    condition     = aws_s3_bucket_object_lock_configuration.this["default"].rule[0].default_retention[0].mode == "COMPLIANCE"
    error_message = "COMPLIANCE must be possible with consent."
  }
}

run "uploads_are_cleaned_up_and_objects_move_and_expire" {
  command = plan

  variables {
    lifecycle_rules = { archive = { prefix = "data/", expiration_days = 365, transition_days = { GLACIER_IR = 90 } } }
  }

  assert {
    condition     = aws_s3_bucket_lifecycle_configuration.this.rule[0].abort_incomplete_multipart_upload[0].days_after_initiation == 7
    error_message = "Unfinished uploads must end."
  }

  assert {
    condition     = aws_s3_bucket_lifecycle_configuration.this.rule[0].noncurrent_version_expiration[0].noncurrent_days == 30
    error_message = "Old versions must end."
  }

  assert {
    condition     = aws_s3_bucket_lifecycle_configuration.this.rule[1].expiration[0].days == 365
    error_message = "Objects must expire as the rule says."
  }

  assert {
    condition     = one(aws_s3_bucket_lifecycle_configuration.this.rule[1].transition).storage_class == "GLACIER_IR"
    error_message = "Objects must move as the rule says."
  }
}

run "events_go_to_the_queue_with_their_filter" {
  command = plan

  variables {
    notifications = { parquet = { queue_arn = "arn:aws:sqs:eu-central-1:111122223333:q", prefix = "data/", suffix = ".parquet" } }
  }

  assert {
    condition = (
      one(aws_s3_bucket_notification.this["queues"].queue).filter_prefix == "data/"
      && one(aws_s3_bucket_notification.this["queues"].queue).filter_suffix == ".parquet"
    )
    error_message = "The queue must hear of the objects under the filter only."
  }
}

run "a_log_bucket_lets_only_the_named_buckets_log" {
  command = plan

  variables {
    kms_key_arn     = null
    log_bucket      = null
    log_source_arns = ["arn:aws:s3:::acme-other"]
  }

  assert {
    condition = [for statement in jsondecode(aws_s3_bucket_policy.this.policy).Statement : statement.Condition if statement.Effect == "Allow"] == [
      { ArnEquals = { "aws:SourceArn" = ["arn:aws:s3:::acme-other"] }, StringEquals = { "aws:SourceAccount" = "111122223333" } },
    ]
    error_message = "Log delivery must be bound to the source buckets and the account."
  }

  assert {
    condition     = one(one(aws_s3_bucket_server_side_encryption_configuration.this.rule).apply_server_side_encryption_by_default).sse_algorithm == "AES256"
    error_message = "A log bucket must use S3's own key: log delivery cannot use KMS."
  }
}

run "other_accounts_stay_out_and_services_do_not" {
  command = plan

  assert {
    condition = [for statement in jsondecode(aws_s3_bucket_policy.this.policy).Statement : [statement.Effect, statement.Action, statement.Condition]
      if statement.Sid == "DenyOtherAccounts"] == [["Deny", "s3:*", {
        StringNotEquals = { "aws:PrincipalAccount" = "111122223333" }
        Bool            = { "aws:PrincipalIsAWSService" = "false" }
    }]]
    error_message = "Principals of another account must be denied everything, AWS's own services not."
  }
}

run "a_trail_writes_its_own_files_and_nothing_else" {
  command = plan

  variables {
    trail_arns = ["arn:aws:cloudtrail:eu-central-1:111122223333:trail/acme-objects"]
  }

  assert {
    condition = { for statement in jsondecode(aws_s3_bucket_policy.this.policy).Statement : statement.Action => statement.Condition.ArnEquals["aws:SourceArn"]
      if statement.Principal == { Service = "cloudtrail.amazonaws.com" }
      } == {
      "s3:GetBucketAcl" = ["arn:aws:cloudtrail:eu-central-1:111122223333:trail/acme-objects"]
      "s3:PutObject"    = ["arn:aws:cloudtrail:eu-central-1:111122223333:trail/acme-objects"]
    }
    error_message = "CloudTrail must be let in for this trail alone (confused deputy)."
  }
}
