# What is recorded, and that nobody can change it unseen.

mock_provider "aws" {
  override_during = plan
}

variables {
  name        = "acme-objects"
  bucket_arns = ["arn:aws:s3:::acme-raw-data", "arn:aws:s3:::acme-processed-data"]
  log_bucket  = "acme-trail-logs"
  kms_key_arn = "arn:aws:kms:eu-central-1:111122223333:key/k"
}

run "objects_of_these_buckets_are_recorded_and_no_others" {
  command = plan

  assert {
    condition = { for selector in one(aws_cloudtrail.this.advanced_event_selector).field_selector : selector.field => coalescelist(selector.equals, selector.starts_with) } == {
      "eventCategory"  = tolist(["Data"])
      "resources.type" = tolist(["AWS::S3::Object"])
      "resources.ARN"  = tolist(["arn:aws:s3:::acme-raw-data/", "arn:aws:s3:::acme-processed-data/"])
    }
    error_message = "Data events of the named buckets' objects, with the slash: acme-raw-data-2 is another bucket."
  }
}

run "the_files_are_signed_and_encrypted" {
  command = plan

  assert {
    condition     = aws_cloudtrail.this.enable_log_file_validation && aws_cloudtrail.this.kms_key_id == var.kms_key_arn
    error_message = "A changed file must show, and only who has the key may read."
  }
}
