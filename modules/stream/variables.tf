variable "name" {
  description = "Name of the stream."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-zA-Z0-9_.-]{1,128}$", var.name))
    error_message = "name may hold 1 to 128 letters, digits, hyphens, underscores and periods (Kinesis)."
  }
}

variable "kms_key_arn" {
  description = "Key that encrypts the records."
  type        = string
  nullable    = false
}

variable "mode" {
  description = "`ON_DEMAND` (capacity follows the load) or `PROVISIONED` (`shard_count` shards)."
  type        = string
  nullable    = false
  default     = "ON_DEMAND"

  validation {
    condition     = contains(["ON_DEMAND", "PROVISIONED"], var.mode)
    error_message = "mode must be ON_DEMAND or PROVISIONED."
  }
}

variable "shard_count" {
  description = "Shards of a provisioned stream: 1 MiB/s in, 2 MiB/s out each."
  type        = number
  nullable    = false
  default     = 1

  validation {
    condition     = var.shard_count >= 1
    error_message = "shard_count must be at least 1."
  }
}

variable "retention_hours" {
  description = "Hours that a record stays readable; must outlast the reader's retries."
  type        = number
  nullable    = false
  default     = 72

  validation {
    condition     = var.retention_hours >= 24 && var.retention_hours <= 8760
    error_message = "retention_hours must be 24 to 8760 (Kinesis)."
  }
}
