# Stage 3: chunks on their way, one Kinesis record each.

module "chunks" {
  source = "../modules/stream"

  name            = "${var.project_name}-chunks"
  kms_key_arn     = module.clear_key.arn
  mode            = var.stream.mode
  shard_count     = var.stream.shard_count
  retention_hours = var.stream.retention_hours
}
