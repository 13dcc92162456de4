# Every read and write of an object, with who it was. What is done to the account itself is the account's own trail's.
resource "aws_cloudtrail" "this" {
  #checkov:skip=CKV_AWS_67:data events of buckets in this Region; the account's trail covers the others
  #checkov:skip=CKV_AWS_252:nothing waits for a delivery; alarms look at what the pipeline does
  #checkov:skip=CKV2_AWS_10:searched in S3 when there is a question; a copy in CloudWatch Logs costs ten times the trail
  name                          = var.name
  s3_bucket_name                = var.log_bucket
  kms_key_id                    = var.kms_key_arn
  enable_log_file_validation    = true
  include_global_service_events = false

  advanced_event_selector {
    name = "Objects"

    field_selector {
      field  = "eventCategory"
      equals = ["Data"]
    }

    field_selector {
      field  = "resources.type"
      equals = ["AWS::S3::Object"]
    }

    field_selector {
      field       = "resources.ARN"
      starts_with = [for arn in var.bucket_arns : "${arn}/"]
    }
  }
}
