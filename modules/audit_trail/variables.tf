variable "name" {
  description = "Name of the trail."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-zA-Z0-9][a-zA-Z0-9._-]{1,126}[a-zA-Z0-9]$", var.name))
    error_message = "name may hold 3 to 128 letters, digits, periods, hyphens and underscores (CloudTrail)."
  }
}

variable "bucket_arns" {
  description = "Buckets whose objects' reads and writes are recorded."
  type        = list(string)
  nullable    = false

  validation {
    condition     = length(var.bucket_arns) > 0
    error_message = "bucket_arns must name at least one bucket: a trail without would record every bucket of the account."
  }
}

variable "log_bucket" {
  description = "Bucket that takes the trail; its policy must let it (`trail_arns` of the bucket module)."
  type        = string
  nullable    = false
}

variable "kms_key_arn" {
  description = "Key of the trail's files; its policy must let cloudtrail.amazonaws.com use it for this trail."
  type        = string
  nullable    = false
}
