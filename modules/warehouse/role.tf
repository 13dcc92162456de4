data "aws_region" "current" {}

# The role that COPY reads with. Redshift documents no source condition for it; what binds it is that only this
# account can attach it to a namespace (iam:PassRole), and that it can read nothing but the prefixes below.
resource "aws_iam_role" "copy" {
  name        = "${var.name}-warehouse-copy"
  description = "What COPY in the warehouse ${var.name} may read."

  permissions_boundary = var.permissions_boundary_arn

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = ["redshift.amazonaws.com", "redshift-serverless.amazonaws.com"] }
      Action    = "sts:AssumeRole"
    }]
  })
}

resource "aws_iam_role_policy" "copy" {
  name = "copy"
  role = aws_iam_role.copy.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "ReadObjects"
        Effect   = "Allow"
        Action   = "s3:GetObject"
        Resource = [for prefix in var.source_prefixes : "${var.source_bucket_arn}/${prefix}*"]
      },
      {
        Sid       = "ListObjects"
        Effect    = "Allow"
        Action    = "s3:ListBucket"
        Resource  = var.source_bucket_arn
        Condition = { StringLike = { "s3:prefix" = [for prefix in var.source_prefixes : "${prefix}*"] } }
      },
      {
        Sid      = "FindBucket"
        Effect   = "Allow"
        Action   = "s3:GetBucketLocation"
        Resource = var.source_bucket_arn
      },
      {
        Sid      = "DecryptObjects"
        Effect   = "Allow"
        Action   = "kms:Decrypt"
        Resource = var.kms_key_arn
        Condition = {
          StringEquals = {
            "kms:ViaService"                   = "s3.${data.aws_region.current.name}.amazonaws.com"
            "kms:EncryptionContext:aws:s3:arn" = var.source_bucket_arn
          }
        }
      },
    ]
  })
}
