# Who reads Parquet objects themselves, not rows of the warehouse: anybody whose IAM role has this policy, as far as the
# role's (or session's) tags and the object's tags say. Attached to nobody: that is for the people's own roles.

locals {
  # From the least to the most sensitive, as lambdas/datavault/authoring/odcs.py has them. Who is cleared for one may
  # read those before it.
  classifications = ["public", "internal", "confidential", "restricted"]

  clearance_tag = "aws:PrincipalTag/datavault-clearance"
  dataset_tag   = "aws:PrincipalTag/datavault-dataset"
}

resource "aws_iam_policy" "object_reader" {
  name        = "${var.project_name}-object-reader"
  description = "Reads Parquet objects of ${var.project_name} up to the classification in the principal's tag datavault-clearance."

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [for index, clearance in local.classifications : {
        Sid      = "ReadAs${title(clearance)}"
        Effect   = "Allow"
        Action   = "s3:GetObject"
        Resource = "${module.processed.arn}/data/*"
        Condition = { StringEquals = {
          (local.clearance_tag)                 = clearance
          "s3:ExistingObjectTag/classification" = slice(local.classifications, 0, index + 1)
        } }
      }],
      [
        {
          # Who has the tag is kept to that data set. Without the object's tag the condition is true: denied.
          Sid      = "StayInDataset"
          Effect   = "Deny"
          Action   = "s3:GetObject"
          Resource = "${module.processed.arn}/data/*"
          Condition = {
            Null            = { (local.dataset_tag) = "false" }
            StringNotEquals = { "s3:ExistingObjectTag/dataset" = "$${${local.dataset_tag}}" }
          }
        },
        {
          # Names hold a data set, a day and hashes, nothing of the data.
          Sid      = "ListObjects"
          Effect   = "Allow"
          Action   = "s3:ListBucket"
          Resource = module.processed.arn
          Condition = {
            StringEquals = { (local.clearance_tag) = local.classifications }
            StringLike   = { "s3:prefix" = "data/*" }
          }
        },
        {
          Sid      = "DecryptObjects"
          Effect   = "Allow"
          Action   = "kms:Decrypt"
          Resource = module.masked_key.arn
          Condition = { StringEquals = {
            (local.clearance_tag)              = local.classifications
            "kms:ViaService"                   = "s3.${local.region}.amazonaws.com"
            "kms:EncryptionContext:aws:s3:arn" = module.processed.arn
          } }
        },
      ],
    )
  })
}
