locals {
  # Lambda polls queues and streams as the function's role, so reading them is part of the role.
  source_statements = concat(
    [for arns in [values(var.queues)[*].arn] : {
      Sid      = "ConsumeQueues"
      Effect   = "Allow"
      Action   = ["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"]
      Resource = arns
    } if length(arns) > 0],
    [for arns in [values(var.streams)[*].arn] : {
      Sid    = "ReadStreams"
      Effect = "Allow"
      Action = [
        "kinesis:DescribeStream", "kinesis:DescribeStreamSummary", "kinesis:GetRecords",
        "kinesis:GetShardIterator", "kinesis:ListShards",
      ]
      Resource = arns
    } if length(arns) > 0],
    # Lambda names the objects itself: aws/lambda/<mapping's uuid>/<shard>/<date>/<time>-<random>.
    [for arns in [values(var.streams)[*].failure_bucket_arn] : {
      Sid      = "KeepFailedBatches"
      Effect   = "Allow"
      Action   = "s3:PutObject"
      Resource = [for arn in arns : "${arn}/aws/lambda/*"]
    } if length(arns) > 0],
    [for arns in [values(var.streams)[*].failure_bucket_arn] : {
      Sid      = "FindFailureBuckets"
      Effect   = "Allow"
      Action   = "s3:ListBucket"
      Resource = arns
    } if length(arns) > 0],
    [for schedule in var.schedule[*] : {
      Sid      = "KeepFailedInvocations"
      Effect   = "Allow"
      Action   = "sqs:SendMessage"
      Resource = schedule.dead_letter_queue_arn
    }],
  )

  # Each key only through its service, and where the service binds ciphertext to a resource, only for that resource.
  key_statements = [for sid, use in var.key_uses : {
    Sid      = sid
    Effect   = "Allow"
    Action   = concat(use.read ? ["kms:Decrypt"] : [], use.write ? ["kms:GenerateDataKey"] : [])
    Resource = use.key_arn
    Condition = {
      StringEquals = merge(
        { "kms:ViaService" = "${use.service}.${local.region}.amazonaws.com" },
        { for name, value in use.context : "kms:EncryptionContext:${name}" => value },
      )
    }
  }]

  permission_statements = [for sid, permission in var.permissions : merge(
    { Sid = sid, Effect = "Allow", Action = permission.actions, Resource = permission.resources },
    { for condition in [permission.conditions] : "Condition" => condition if length(condition) > 0 },
  )]

  log_statement = {
    Sid      = "WriteLogs"
    Effect   = "Allow"
    Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    Resource = "${aws_cloudwatch_log_group.this.arn}:*"
  }

  # Lambda attaches the function to the subnets as the function's role, and network interfaces have no names to ask for.
  # The function itself may not: only Lambda's calls carry no source function.
  # https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html#configuration-vpc-best-practice
  network_actions = [
    "ec2:AssignPrivateIpAddresses", "ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets", "ec2:UnassignPrivateIpAddresses",
  ]

  # X-Ray knows no resources: "*" is the only one that its actions accept.
  trace_statements = [for on in [var.tracing] : {
    Sid      = "SendTraces"
    Effect   = "Allow"
    Action   = ["xray:PutTelemetryRecords", "xray:PutTraceSegments"]
    Resource = "*"
  } if on]
}

resource "aws_iam_role" "this" {
  name        = var.name
  description = "What the function ${var.name} may do."

  permissions_boundary = var.permissions_boundary_arn

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "lambda.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
}

resource "aws_iam_role_policy" "this" {
  name = "function"
  role = aws_iam_role.this.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [local.log_statement], local.trace_statements, local.source_statements, local.key_statements, local.permission_statements,
    )
  })
}

resource "aws_iam_role_policy" "network" {
  for_each = { for vpc in var.vpc[*] : "vpc" => vpc }

  name = "network"
  role = aws_iam_role.this.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Sid = "AttachToSubnets", Effect = "Allow", Action = local.network_actions, Resource = "*" },
      {
        Sid       = "DenyNetworkToCode"
        Effect    = "Deny"
        Action    = local.network_actions
        Resource  = "*"
        Condition = { ArnEquals = { "lambda:SourceFunctionArn" = local.function_arn } }
      },
    ]
  })
}
