# Who reads the warehouse: IAM roles that people take, and the database roles that they and the functions play there.

locals {
  # What each database role of lambdas/datavault/warehouse_roles.py is played by: the user "IAMR:<name of the IAM role>".
  warehouse_members = merge(
    { loader = module.loader.role_name, auditor = module.auditor.role_name },
    { for role, people in aws_iam_role.people : role => people.name },
  )

  people = {
    analyst = "Reads every table of the warehouse, and the ledger."
    reader  = "Reads the columns of the warehouse that a contract calls public or internal."
  }

  warehouse_permissions = {
    # Not the administrator's secret: Redshift gives who may do this a user of his own.
    LogIn         = { actions = ["redshift-serverless:GetCredentials"], resources = [module.warehouse.workgroup_arn] }
    RunStatements = { actions = ["redshift-data:ExecuteStatement"], resources = [module.warehouse.workgroup_arn] }

    # A statement has no ARN; that it is one's own is what can be asked for.
    FollowOwnStatements = {
      actions    = ["redshift-data:CancelStatement", "redshift-data:DescribeStatement", "redshift-data:GetStatementResult"]
      resources  = ["*"]
      conditions = { StringEquals = { "redshift-data:statement-owner-iam-userid" = "$${aws:userid}" } }
    }
  }
}

# Who of this account may take them is for IAM to say: nobody may until a policy of his own lets him.
resource "aws_iam_role" "people" {
  for_each = local.people

  name        = "${var.project_name}-${each.key}"
  description = each.value

  permissions_boundary = aws_iam_policy.boundary.arn

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { AWS = "arn:${local.partition}:iam::${local.account_id}:root" }
      Action    = "sts:AssumeRole"
    }]
  })
}

resource "aws_iam_role_policy" "people" {
  for_each = local.people

  name = "warehouse"
  role = aws_iam_role.people[each.key].id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [for sid, permission in local.warehouse_permissions : merge(
      { Sid = sid, Effect = "Allow", Action = permission.actions, Resource = permission.resources },
      { for conditions in [try(permission.conditions, null)] : "Condition" => conditions if conditions != null },
    )]
  })
}
