data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  account_id = data.aws_caller_identity.current.account_id
  region     = data.aws_region.current.name
  account    = "arn:${data.aws_partition.current.partition}:iam::${local.account_id}:root"

  use_actions = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey", "kms:ReEncryptFrom", "kms:ReEncryptTo"]

  # What the account's administrators may do: care for the key, never use it. Without the right to create grants,
  # for a grant would let them use it after all.
  administration = {
    Sid       = "AdministerWithoutUse"
    Effect    = "Allow"
    Principal = { AWS = local.account }
    Action = [
      "kms:CancelKeyDeletion", "kms:DescribeKey", "kms:DisableKey", "kms:EnableKey", "kms:EnableKeyRotation",
      "kms:CreateAlias", "kms:DeleteAlias", "kms:UpdateAlias", "kms:UpdateKeyDescription",
      "kms:GetKeyPolicy", "kms:GetKeyRotationStatus", "kms:ListGrants", "kms:ListKeyPolicies", "kms:ListKeyRotations",
      "kms:ListResourceTags", "kms:PutKeyPolicy", "kms:RevokeGrant", "kms:RotateKeyOnDemand",
      "kms:ScheduleKeyDeletion", "kms:TagResource", "kms:UntagResource",
    ]
    Resource = "*"
  }

  # Roles use the key through the services that hold the data, where IAM allows each of them its own part
  # (by encryption context); nobody decrypts by calling KMS himself.
  use_through_services = {
    Sid       = "UseThroughServices"
    Effect    = "Allow"
    Principal = { AWS = local.account }
    Action    = local.use_actions
    Resource  = "*"
    Condition = {
      StringEquals = {
        "kms:CallerAccount" = local.account_id
        "kms:ViaService"    = [for service in var.via_services : "${service}.${local.region}.amazonaws.com"]
      }
    }
  }

  # Lambda and Redshift keep working on their own by grants, which only they may receive.
  grants_to_services = {
    Sid       = "GrantToServices"
    Effect    = "Allow"
    Principal = { AWS = local.account }
    Action    = "kms:CreateGrant"
    Resource  = "*"
    Condition = {
      Bool         = { "kms:GrantIsForAWSResource" = "true" }
      StringEquals = { "kms:ViaService" = [for service in var.via_services : "${service}.${local.region}.amazonaws.com"] }
    }
  }

  # EKS (at CreateCluster) and ECR (at CreateRepository) make grants for themselves in the caller's name, which KMS need
  # not call a service's own.
  grants_at_creation = [for services in [var.grant_services] : {
    Sid       = "GrantAtCreation"
    Effect    = "Allow"
    Principal = { AWS = local.account }
    Action    = ["kms:CreateGrant", "kms:RetireGrant"]
    Resource  = "*"
    Condition = { StringEquals = { "kms:ViaService" = [for service in services : "${service}.${local.region}.amazonaws.com"] } }
  } if length(services) > 0]

  # By condition rather than as principals: KMS refuses a principal that does not exist yet, and AWS makes these roles when
  # their service is first used.
  linked_roles = [for role in var.service_linked_roles : "arn:${data.aws_partition.current.partition}:iam::${local.account_id}:role/aws-service-role/${role}"]
  linked_role_use = flatten([for roles in [local.linked_roles] : [
    {
      Sid       = "UseByServiceLinkedRoles"
      Effect    = "Allow"
      Principal = { AWS = "*" }
      Action    = local.use_actions
      Resource  = "*"
      Condition = {
        ArnEquals    = { "aws:PrincipalArn" = roles }
        StringEquals = { "kms:CallerAccount" = local.account_id }
      }
    },
    {
      Sid       = "GrantByServiceLinkedRoles"
      Effect    = "Allow"
      Principal = { AWS = "*" }
      Action    = "kms:CreateGrant"
      Resource  = "*"
      Condition = {
        ArnEquals    = { "aws:PrincipalArn" = roles }
        Bool         = { "kms:GrantIsForAWSResource" = "true" }
        StringEquals = { "kms:CallerAccount" = local.account_id }
      }
    },
  ] if length(roles) > 0])

  # Services that come on their own account, each only on behalf of the resources named (confused deputy).
  service_use = [for sid, use in var.service_uses : {
    Sid       = sid
    Effect    = "Allow"
    Principal = { Service = use.service }
    Action    = ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"]
    Resource  = "*"
    Condition = {
      StringEquals = { "aws:SourceAccount" = local.account_id }
      ArnLike      = { "aws:SourceArn" = use.source_arns }
    }
  }]

  # CloudWatch Logs sends no source ARN; it binds the key to the log group by encryption context.
  log_groups = [for arns in [var.log_group_arns] : {
    Sid       = "EncryptLogGroups"
    Effect    = "Allow"
    Principal = { Service = "logs.${local.region}.amazonaws.com" }
    Action    = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey", "kms:ReEncryptFrom", "kms:ReEncryptTo"]
    Resource  = "*"
    Condition = { ArnLike = { "kms:EncryptionContext:aws:logs:arn" = arns } }
  } if length(arns) > 0]
}

resource "aws_kms_key" "this" {
  description             = var.description
  enable_key_rotation     = true
  deletion_window_in_days = var.deletion_window_days

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [local.administration, local.use_through_services, local.grants_to_services],
      local.grants_at_creation, local.linked_role_use, local.service_use, local.log_groups,
    )
  })
}

resource "aws_kms_alias" "this" {
  name          = "alias/${var.name}"
  target_key_id = aws_kms_key.this.key_id
}
