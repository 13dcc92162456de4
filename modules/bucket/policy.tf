locals {
  everything = [aws_s3_bucket.this.arn, "${aws_s3_bucket.this.arn}/*"]

  tls_only = {
    Sid       = "DenyPlainTransport"
    Effect    = "Deny"
    Principal = "*"
    Action    = "s3:*"
    Resource  = local.everything
    Condition = { Bool = { "aws:SecureTransport" = "false" } }
  }

  # A put that says nothing about encryption gets the bucket's key. One that names an algorithm must name that key:
  # "aws:kms" alone would mean the account's aws/s3 key, whose policy is not ours. (A negated operator is true
  # where the key id is absent, hence AES256 is refused as well.)
  other_key = [for arn in var.kms_key_arn[*] : {
    Sid       = "DenyOtherKey"
    Effect    = "Deny"
    Principal = "*"
    Action    = "s3:PutObject"
    Resource  = "${aws_s3_bucket.this.arn}/*"
    Condition = {
      Null            = { "s3:x-amz-server-side-encryption" = "false" }
      StringNotEquals = { "s3:x-amz-server-side-encryption-aws-kms-key-id" = arn }
    }
  }]

  customer_key = {
    Sid       = "DenyCustomerProvidedKey"
    Effect    = "Deny"
    Principal = "*"
    Action    = "s3:PutObject"
    Resource  = "${aws_s3_bucket.this.arn}/*"
    Condition = { Null = { "s3:x-amz-server-side-encryption-customer-algorithm" = "false" } }
  }

  # Only the requests that make an object carry If-None-Match; a multipart upload's parts do not.
  unconditional_put = [for prefixes in [var.write_once_prefixes] : {
    Sid       = "DenyUnconditionalPut"
    Effect    = "Deny"
    Principal = "*"
    Action    = "s3:PutObject"
    Resource  = [for prefix in prefixes : "${aws_s3_bucket.this.arn}/${prefix}*"]
    Condition = {
      Null = { "s3:if-none-match" = "true" }
      Bool = { "s3:ObjectCreationOperation" = "true" }
    }
  } if length(prefixes) > 0]

  # A delete marker would let a second conditional put through, so whoever writes must not delete.
  writer_delete = [for arns in [var.writer_role_arns] : {
    Sid       = "DenyDeleteToWriters"
    Effect    = "Deny"
    Principal = "*"
    Action    = ["s3:DeleteObject", "s3:DeleteObjectVersion"]
    Resource  = "${aws_s3_bucket.this.arn}/*"
    Condition = { ArnEquals = { "aws:PrincipalArn" = arns } }
  } if length(arns) > 0]

  # Where tags decide who reads, who may change tags may read. Object Lock keeps bytes, not tags.
  foreign_tags = [for prefixes in [var.tag_guarded_prefixes] : {
    Sid    = "DenyTaggingToOthers"
    Effect = "Deny"
    Action = [
      "s3:DeleteObjectTagging", "s3:DeleteObjectVersionTagging", "s3:PutObjectTagging", "s3:PutObjectVersionTagging",
    ]
    Principal = "*"
    Resource  = [for prefix in prefixes : "${aws_s3_bucket.this.arn}/${prefix}*"]
    Condition = { ArnNotEquals = { "aws:PrincipalArn" = var.writer_role_arns } }
  } if length(prefixes) > 0]

  log_delivery = [for arns in [var.log_source_arns] : {
    Sid       = "LetBucketsLog"
    Effect    = "Allow"
    Principal = { Service = "logging.s3.amazonaws.com" }
    Action    = "s3:PutObject"
    Resource  = "${aws_s3_bucket.this.arn}/*"
    Condition = {
      ArnEquals    = { "aws:SourceArn" = arns }
      StringEquals = { "aws:SourceAccount" = data.aws_caller_identity.current.account_id }
    }
  } if length(arns) > 0]
}

locals {
  # As CloudTrail's documentation has it, each trail for itself:
  # https://docs.aws.amazon.com/awscloudtrail/latest/userguide/create-s3-bucket-policy-for-cloudtrail.html
  trail_delivery = flatten([for arns in [var.trail_arns] : [
    {
      Sid       = "LetTrailsLook"
      Effect    = "Allow"
      Principal = { Service = "cloudtrail.amazonaws.com" }
      Action    = "s3:GetBucketAcl"
      Resource  = aws_s3_bucket.this.arn
      Condition = { ArnEquals = { "aws:SourceArn" = arns } }
    },
    {
      Sid       = "LetTrailsWrite"
      Effect    = "Allow"
      Principal = { Service = "cloudtrail.amazonaws.com" }
      Action    = "s3:PutObject"
      Resource  = "${aws_s3_bucket.this.arn}/AWSLogs/${data.aws_caller_identity.current.account_id}/*"
      Condition = { ArnEquals = { "aws:SourceArn" = arns } }
    },
  ] if length(arns) > 0])

  # Whoever holds a key of another account, or is let in by a later mistake of this policy, stays out. Services that
  # come on their own account are let in above, each for its own resources.
  other_accounts = {
    Sid       = "DenyOtherAccounts"
    Effect    = "Deny"
    Principal = "*"
    Action    = "s3:*"
    Resource  = local.everything
    Condition = {
      StringNotEquals = { "aws:PrincipalAccount" = data.aws_caller_identity.current.account_id }
      Bool            = { "aws:PrincipalIsAWSService" = "false" }
    }
  }
}

resource "aws_s3_bucket_policy" "this" {
  # Two settings of one bucket written at once answer OperationAborted.
  depends_on = [aws_s3_bucket_public_access_block.this, aws_s3_bucket_ownership_controls.this]

  bucket = aws_s3_bucket.this.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [local.tls_only, local.other_accounts, local.customer_key], local.other_key, local.unconditional_put, local.writer_delete, local.foreign_tags,
      local.log_delivery, local.trail_delivery,
    )
  })
}
