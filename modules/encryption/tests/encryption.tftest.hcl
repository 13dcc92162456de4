# Who may do what with the key.

mock_provider "aws" {
  source          = "./tests"
  override_during = plan
}

variables {
  name           = "acme-clear"
  description    = "Test."
  via_services   = ["s3", "sqs"]
  log_group_arns = ["arn:aws:logs:eu-central-1:111122223333:log-group:/aws/lambda/acme-*"]
  service_uses = {
    RawBucketSends = { service = "s3.amazonaws.com", source_arns = ["arn:aws:s3:::acme-raw-data"] }
  }
}

run "the_key_rotates_and_is_not_lost_at_once" {
  command = plan

  assert {
    condition     = aws_kms_key.this.enable_key_rotation
    error_message = "The key must rotate."
  }

  assert {
    condition     = aws_kms_key.this.deletion_window_in_days == 30
    error_message = "There must be a month to change one's mind."
  }

  assert {
    condition     = aws_kms_alias.this.name == "alias/acme-clear"
    error_message = "The alias must carry the name."
  }
}

run "administrators_cannot_use_the_key" {
  command = plan

  assert {
    condition = length(setintersection(
      toset(flatten([for statement in jsondecode(aws_kms_key.this.policy).Statement : statement.Action if !can(statement.Condition)])),
      ["kms:*", "kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey", "kms:CreateGrant", "kms:ReEncryptFrom", "kms:ReEncryptTo"],
    )) == 0
    error_message = "Without a condition there must be no way to use the key, nor to grant its use."
  }
}

run "no_action_is_a_wildcard" {
  command = plan

  assert {
    condition = !anytrue([
      for action in flatten([for statement in jsondecode(aws_kms_key.this.policy).Statement : statement.Action]) : strcontains(action, "*")
    ])
    error_message = "Each action must be spelled out."
  }
}

run "roles_use_the_key_only_through_the_services" {
  command = plan

  assert {
    condition = anytrue([for statement in jsondecode(aws_kms_key.this.policy).Statement :
      statement.Sid == "UseThroughServices"
      && try(toset(statement.Condition.StringEquals["kms:ViaService"]) == toset(["s3.eu-central-1.amazonaws.com", "sqs.eu-central-1.amazonaws.com"]), false)
      && try(statement.Condition.StringEquals["kms:CallerAccount"], "") == "111122223333"
    ])
    error_message = "Use must be bound to the services and the account."
  }
}

run "a_service_uses_the_key_only_for_our_resources" {
  command = plan

  assert {
    condition = anytrue([for statement in jsondecode(aws_kms_key.this.policy).Statement :
      try(statement.Principal.Service, "") == "s3.amazonaws.com"
      && try(statement.Condition.ArnLike["aws:SourceArn"] == ["arn:aws:s3:::acme-raw-data"], false)
      && try(statement.Condition.StringEquals["aws:SourceAccount"], "") == "111122223333"
    ])
    error_message = "S3 must be bound to our bucket and account."
  }

  assert {
    condition = anytrue([for statement in jsondecode(aws_kms_key.this.policy).Statement :
      try(statement.Principal.Service, "") == "logs.eu-central-1.amazonaws.com"
      && try(toset(statement.Condition.ArnLike["kms:EncryptionContext:aws:logs:arn"]) == toset(var.log_group_arns), false)
    ])
    error_message = "CloudWatch Logs must be bound to our log groups."
  }
}

run "a_cluster_may_be_made_and_auto_scaling_may_use_the_key" {
  command = plan

  variables {
    via_services         = ["ec2", "eks"]
    grant_services       = ["eks"]
    service_linked_roles = ["autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"]
  }

  assert {
    condition = one([for statement in jsondecode(aws_kms_key.this.policy).Statement : statement.Condition if statement.Sid == "GrantAtCreation"]) == {
      StringEquals = { "kms:ViaService" = ["eks.eu-central-1.amazonaws.com"] }
    }
    error_message = "EKS must be able to make its grant, and only EKS."
  }

  assert {
    condition = alltrue([for statement in jsondecode(aws_kms_key.this.policy).Statement :
      statement.Condition.ArnEquals["aws:PrincipalArn"] == ["arn:aws:iam::111122223333:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"] &&
      statement.Condition.StringEquals["kms:CallerAccount"] == "111122223333"
      if statement.Principal == { AWS = "*" }
    ])
    error_message = "Whoever is let in without an IAM policy must be the service's own role in this account."
  }

  assert {
    condition     = one([for statement in jsondecode(aws_kms_key.this.policy).Statement : statement.Condition.Bool if statement.Sid == "GrantByServiceLinkedRoles"]) == { "kms:GrantIsForAWSResource" = "true" }
    error_message = "Auto Scaling grants to EC2, and to nobody else."
  }
}
