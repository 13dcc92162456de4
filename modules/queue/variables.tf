variable "name" {
  description = "Name of the queue; its dead-letter queue is `<name>-dlq`."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-zA-Z0-9_-]{1,76}$", var.name))
    error_message = "name may hold 1 to 76 letters, digits, hyphens and underscores (SQS allows 80, four are for -dlq)."
  }
}

variable "kms_key_arn" {
  description = "Key that encrypts the messages; its policy must let s3.amazonaws.com use it where a bucket sends."
  type        = string
  nullable    = false
}

variable "source_bucket_arn" {
  description = "The bucket that sends its events; null for a queue that roles of this account send to, by their own policies."
  type        = string
  default     = null
}

variable "consumer_timeout_seconds" {
  description = "Timeout of the function or process that reads the queue; the visibility timeout follows from it."
  type        = number
  nullable    = false

  validation {
    condition     = var.consumer_timeout_seconds >= 1 && var.consumer_timeout_seconds <= 900
    error_message = "consumer_timeout_seconds must be 1 to 900 (Lambda)."
  }
}

variable "consumer_window_seconds" {
  description = "Batching window of the function's mapping."
  type        = number
  nullable    = false
  default     = 0

  validation {
    condition     = var.consumer_window_seconds >= 0 && var.consumer_window_seconds <= 300
    error_message = "consumer_window_seconds must be 0 to 300 (Lambda)."
  }
}

variable "max_receive_count" {
  description = "Deliveries before a message goes to the dead-letter queue."
  type        = number
  nullable    = false
  default     = 5

  validation {
    condition     = var.max_receive_count >= 5
    error_message = "max_receive_count must be at least 5 (AWS): a throttled function would lose messages to the dead-letter queue."
  }
}

variable "retention_days" {
  description = "Days that a message waits at most."
  type        = number
  nullable    = false
  default     = 4

  validation {
    condition     = var.retention_days >= 1 && var.retention_days <= 13
    error_message = "retention_days must be 1 to 13: SQS keeps 14 at most, and the dead-letter queue must keep longer."
  }
}

variable "dead_letter_retention_days" {
  description = "Days that a dead letter waits for a person; its age counts from the first send."
  type        = number
  nullable    = false
  default     = 14

  validation {
    condition     = var.dead_letter_retention_days <= 14
    error_message = "dead_letter_retention_days must be 14 or less (SQS)."
  }

  validation {
    condition     = var.dead_letter_retention_days > var.retention_days
    error_message = "dead_letter_retention_days must be longer than retention_days: a letter keeps its first timestamp."
  }
}
