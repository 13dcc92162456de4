# Encryption, access and cost of the warehouse.

mock_provider "aws" {
  source          = "./tests"
  override_during = plan
}

variables {
  permissions_boundary_arn = "arn:aws:iam::111122223333:policy/acme-boundary"
  name                     = "acme"
  database                 = "datavault"
  kms_key_arn              = "arn:aws:kms:eu-central-1:111122223333:key/masked"
  source_bucket_arn        = "arn:aws:s3:::acme-processed-data"
  source_prefixes          = ["data/", "manifests/"]
}

run "a_warehouse_is_private_encrypted_and_takes_tls_only" {
  command = plan

  assert {
    condition     = aws_redshiftserverless_namespace.this.kms_key_id == var.kms_key_arn && !aws_redshiftserverless_workgroup.this.publicly_accessible
    error_message = "The warehouse must be encrypted and not public."
  }

  assert {
    condition     = { for parameter in aws_redshiftserverless_workgroup.this.config_parameter : parameter.parameter_key => parameter.parameter_value }["require_ssl"] == "true"
    error_message = "Clients must use TLS."
  }

  assert {
    condition     = aws_redshiftserverless_namespace.this.log_exports == toset(["connectionlog", "useractivitylog", "userlog"])
    error_message = "All audit logs must be exported."
  }
}

run "no_password_passes_through_terraform" {
  command = plan

  assert {
    condition     = aws_redshiftserverless_namespace.this.manage_admin_password && aws_redshiftserverless_namespace.this.admin_password_secret_kms_key_id == var.kms_key_arn
    error_message = "AWS must keep the administrator's password, under our key."
  }
}

run "copy_reads_the_prefixes_and_nothing_else" {
  command = plan

  assert {
    condition = toset(flatten([for statement in jsondecode(aws_iam_role_policy.copy.policy).Statement : statement.Resource if statement.Sid == "ReadObjects"])) == toset([
      "arn:aws:s3:::acme-processed-data/data/*", "arn:aws:s3:::acme-processed-data/manifests/*",
    ])
    error_message = "COPY must read its prefixes only."
  }

  assert {
    condition = toset(flatten([for statement in jsondecode(aws_iam_role_policy.copy.policy).Statement : statement.Action])) == toset([
      "kms:Decrypt", "s3:GetBucketLocation", "s3:GetObject", "s3:ListBucket",
    ])
    error_message = "COPY must not write."
  }

  assert {
    condition     = toset(aws_redshiftserverless_namespace.this.iam_roles) == toset([aws_iam_role.copy.arn])
    error_message = "The namespace must hold that role and no other."
  }
}

run "in_a_vpc_traffic_stays_in_it" {
  command = plan

  variables {
    subnet_ids         = ["subnet-a", "subnet-b", "subnet-c"]
    security_group_ids = ["sg-a"]
  }

  assert {
    condition     = aws_redshiftserverless_workgroup.this.enhanced_vpc_routing
    error_message = "With subnets, COPY must go through the VPC."
  }
}

run "a_daily_limit_switches_the_warehouse_off" {
  command = plan

  variables {
    daily_limit_rpu_hours = 24
  }

  assert {
    condition = (
      aws_redshiftserverless_usage_limit.compute["daily"].breach_action == "deactivate"
      && aws_redshiftserverless_usage_limit.compute["daily"].period == "daily"
      && aws_redshiftserverless_usage_limit.compute["daily"].amount == 24
    )
    error_message = "The bill must not run away."
  }
}

run "limits_switch_the_workgroup_off" {
  command = plan

  variables {
    daily_limit_rpu_hours   = 96
    monthly_limit_rpu_hours = 900
  }

  assert {
    condition = { for period, limit in aws_redshiftserverless_usage_limit.compute : period => [limit.period, limit.amount, limit.breach_action] } == {
      daily   = ["daily", 96, "deactivate"]
      monthly = ["monthly", 900, "deactivate"]
    }
    error_message = "Each limit must end the spending of its period."
  }
}

run "without_being_asked_there_is_no_limit_and_no_snapshot" {
  command = plan

  assert {
    condition     = length(aws_redshiftserverless_usage_limit.compute) + length(aws_scheduler_schedule.snapshot) + length(aws_iam_role.snapshot) == 0
    error_message = "Limits and snapshots are the environment's choice."
  }
}

run "snapshots_are_made_by_the_clock_and_kept" {
  command = plan

  variables {
    snapshot = { cron = "cron(30 3 * * ? *)", retention_days = 30 }
  }

  assert {
    condition = jsondecode(aws_scheduler_schedule.snapshot["this"].target[0].input) == {
      NamespaceName = "acme", RetentionPeriod = 30, SnapshotName = "acme-<aws.scheduler.execution-id>"
    }
    error_message = "Each snapshot must be the namespace's, with a name of its own, and end."
  }

  assert {
    condition = jsondecode(aws_iam_role.snapshot["this"].assume_role_policy).Statement[0].Condition == {
      ArnEquals    = { "aws:SourceArn" = aws_scheduler_schedule_group.snapshot["this"].arn }
      StringEquals = { "aws:SourceAccount" = "111122223333" }
    }
    error_message = "Only this schedule's group may take the role."
  }

  assert {
    condition     = aws_scheduler_schedule.snapshot["this"].group_name == output.snapshot_group
    error_message = "The group must be the one whose failures are counted."
  }

  assert {
    condition = toset(flatten([for statement in jsondecode(aws_iam_role_policy.snapshot["this"].policy).Statement : statement.Action])) == toset([
      "kms:Decrypt", "redshift-serverless:CreateSnapshot",
    ])
    error_message = "The role makes snapshots and does nothing else."
  }
}
