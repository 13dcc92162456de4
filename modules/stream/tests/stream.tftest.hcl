# Encryption and capacity.

mock_provider "aws" {
  source          = "./tests"
  override_during = plan
}

variables {
  name        = "acme-chunks"
  kms_key_arn = "arn:aws:kms:eu-central-1:111122223333:key/k"
}

run "a_stream_is_encrypted_and_on_demand" {
  command = plan

  assert {
    condition     = aws_kinesis_stream.this.encryption_type == "KMS" && aws_kinesis_stream.this.kms_key_id == var.kms_key_arn
    error_message = "The given key must encrypt the stream."
  }

  assert {
    condition     = aws_kinesis_stream.this.stream_mode_details[0].stream_mode == "ON_DEMAND" && aws_kinesis_stream.this.shard_count == null
    error_message = "Capacity must follow the load, without a number of shards."
  }

  assert {
    condition     = aws_kinesis_stream.this.retention_period == 72
    error_message = "Records must outlast a weekend."
  }
}

run "a_provisioned_stream_has_its_shards" {
  command = plan

  variables {
    mode        = "PROVISIONED"
    shard_count = 3
  }

  assert {
    condition     = aws_kinesis_stream.this.shard_count == 3
    error_message = "A provisioned stream must have the shards that it is given."
  }
}
