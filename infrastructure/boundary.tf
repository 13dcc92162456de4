# What any role of the stack may do at most, whatever a later change grants it: a mistake in one policy stays inside the
# project. Nothing here that makes identities, keys or other roles.

resource "aws_iam_policy" "boundary" {
  #checkov:skip=CKV_AWS_355:a boundary grants nothing; each role's own policy names its resources
  #checkov:skip=CKV_AWS_290:a boundary grants nothing; each role's own policy names its resources
  name        = "${var.project_name}-boundary"
  description = "The most that a role of ${var.project_name} can be granted."

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid    = "OwnObjects"
        Effect = "Allow"
        Action = [
          "s3:GetBucketLocation", "s3:GetObject", "s3:GetObjectVersion", "s3:ListBucket", "s3:ListBucketVersions",
          "s3:PutObject", "s3:PutObjectTagging",
        ]
        Resource = flatten([for arn in values(local.bucket_arns) : [arn, "${arn}/*"]])
      },
      {
        Sid    = "OwnQueuesAndStreams"
        Effect = "Allow"
        Action = [
          "kinesis:DescribeStream", "kinesis:DescribeStreamSummary", "kinesis:GetRecords", "kinesis:GetShardIterator",
          "kinesis:ListShards", "kinesis:PutRecords",
          "sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage", "sqs:SendMessage",
        ]
        Resource = [for service, path in { kinesis = "stream/", sqs = "" } :
          "arn:${local.partition}:${service}:${local.region}:${local.account_id}:${path}${var.project_name}-*"
        ]
      },
      {
        Sid    = "OwnLogs"
        Effect = "Allow"
        Action = ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
        Resource = [for group in ["/aws/lambda/${var.project_name}-*", "/aws/vpc/${var.project_name}"] :
          "arn:${local.partition}:logs:${local.region}:${local.account_id}:log-group:${group}:*"
        ]
      },
      {
        # Redshift names the administrator's secret itself; by name, because the warehouse's role waits for this policy.
        Sid      = "OwnSecrets"
        Effect   = "Allow"
        Action   = "secretsmanager:GetSecretValue"
        Resource = [module.masking_key.secret_arn, "arn:${local.partition}:secretsmanager:${local.region}:${local.account_id}:secret:redshift!${var.project_name}-*"]
      },
      {
        Sid      = "OwnKeys"
        Effect   = "Allow"
        Action   = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource = [module.clear_key.arn, module.masked_key.arn, module.operations_key.arn]
      },
      {
        # These ARNs end in ids that Redshift makes up.
        Sid    = "OwnWarehouse"
        Effect = "Allow"
        Action = [
          "redshift-data:BatchExecuteStatement", "redshift-data:ExecuteStatement",
          "redshift-serverless:CreateSnapshot", "redshift-serverless:GetCredentials",
        ]
        Resource = [for kind in ["namespace", "snapshot", "workgroup"] :
          "arn:${local.partition}:redshift-serverless:${local.region}:${local.account_id}:${kind}/*"
        ]
      },
      {
        Sid      = "OwnReleases"
        Effect   = "Allow"
        Action   = ["lambda:GetAlias", "lambda:GetProvisionedConcurrencyConfig", "lambda:UpdateAlias"]
        Resource = "arn:${local.partition}:lambda:${local.region}:${local.account_id}:function:${var.project_name}-*"
      },
      # These know no resource that could be named before a call.
      {
        Sid    = "OwnStatementsTracesInterfacesAndAlarms"
        Effect = "Allow"
        Action = [
          "cloudwatch:DescribeAlarms",
          "ec2:AssignPrivateIpAddresses", "ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface",
          "ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets", "ec2:UnassignPrivateIpAddresses",
          "redshift-data:CancelStatement", "redshift-data:DescribeStatement", "redshift-data:GetStatementResult",
          "xray:PutTelemetryRecords", "xray:PutTraceSegments",
        ]
        Resource = "*"
      },
    ]
  })
}
