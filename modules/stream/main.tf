resource "aws_kinesis_stream" "this" {
  name             = var.name
  encryption_type  = "KMS"
  kms_key_id       = var.kms_key_arn
  retention_period = var.retention_hours
  shard_count      = var.mode == "PROVISIONED" ? var.shard_count : null

  # The mapping that reads the stream is no registered consumer; one that somebody adds must not block a destroy.
  enforce_consumer_deletion = true

  stream_mode_details {
    stream_mode = var.mode
  }
}
