variable "name" {
  description = "Name of the bucket."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$", var.name))
    error_message = "name may hold 3 to 63 small letters, digits and hyphens, and must start and end with a letter or digit (S3)."
  }
}

variable "kms_key_arn" {
  description = "Key that encrypts the objects; null (S3's own key) only for a log bucket: log delivery cannot use KMS."
  type        = string
  default     = null
}

variable "log_bucket" {
  description = "Bucket that takes the access log, under `<name>/`; null only for the log bucket itself."
  type        = string
  default     = null
}

variable "log_source_arns" {
  description = "Buckets (ARNs) whose access logs this one takes."
  type        = list(string)
  nullable    = false
  default     = []
}

variable "trail_arns" {
  description = "CloudTrail trails (ARNs) whose files this bucket takes."
  type        = list(string)
  nullable    = false
  default     = []
}

variable "object_lock" {
  description = "Default retention that makes the bucket WORM: `days`, `mode` (`GOVERNANCE`, or `COMPLIANCE` with `allow_compliance_mode`)."
  type = object({
    days = number
    mode = optional(string, "GOVERNANCE")
  })
  default = null

  validation {
    condition     = var.object_lock == null || try(var.object_lock.days >= 1 && var.object_lock.days <= 36500, false)
    error_message = "object_lock.days must be 1 to 36500 (S3)."
  }

  validation {
    condition     = var.object_lock == null || contains(["GOVERNANCE", "COMPLIANCE"], try(var.object_lock.mode, ""))
    error_message = "object_lock.mode must be GOVERNANCE or COMPLIANCE."
  }

  validation {
    condition     = try(var.object_lock.mode, "GOVERNANCE") != "COMPLIANCE" || var.allow_compliance_mode
    error_message = "object_lock.mode COMPLIANCE needs allow_compliance_mode = true: nobody, the account's root included, can undo it."
  }
}

variable "allow_compliance_mode" {
  description = "Says that you know that what COMPLIANCE locks cannot be deleted by anybody before its time."
  type        = bool
  nullable    = false
  default     = false
}

variable "write_once_prefixes" {
  description = "Key prefixes where a put must carry If-None-Match, so that nothing is ever overwritten."
  type        = list(string)
  nullable    = false
  default     = []
}

variable "writer_role_arns" {
  description = "Roles that write and therefore may not delete."
  type        = list(string)
  nullable    = false
  default     = []
}

variable "tag_guarded_prefixes" {
  description = "Key prefixes whose objects' tags decide who reads them: only `writer_role_arns` may set or change those tags."
  type        = list(string)
  nullable    = false
  default     = []

  validation {
    condition     = length(var.tag_guarded_prefixes) == 0 || length(var.writer_role_arns) > 0
    error_message = "tag_guarded_prefixes needs writer_role_arns: without them nobody could write objects with tags."
  }
}

variable "noncurrent_retention_days" {
  description = "Days that an overwritten or deleted version is kept, to undo a mistake."
  type        = number
  nullable    = false
  default     = 30

  validation {
    condition     = var.noncurrent_retention_days >= 1
    error_message = "noncurrent_retention_days must be at least 1."
  }
}

variable "lifecycle_rules" {
  description = "Further rules by id: key `prefix`, `expiration_days`, `transition_days` (storage class → days)."
  type = map(object({
    prefix          = optional(string, "")
    expiration_days = optional(number)
    transition_days = optional(map(number), {})
  }))
  nullable = false
  default  = {}

  validation {
    condition     = alltrue([for rule in var.lifecycle_rules : rule.expiration_days != null || length(rule.transition_days) > 0])
    error_message = "each of lifecycle_rules must expire or move something: give expiration_days or transition_days."
  }

  validation {
    condition = alltrue(flatten([for rule in var.lifecycle_rules : [
      for days in values(rule.transition_days) : days < coalesce(rule.expiration_days, 36501)
    ]]))
    error_message = "transition_days must come before expiration_days: S3 refuses to move what is already gone."
  }

  validation {
    condition     = length(var.lifecycle_rules) <= 999
    error_message = "lifecycle_rules may hold 999 rules: S3 takes 1,000 for a bucket, and the module has one of its own."
  }
}

variable "notifications" {
  description = "Events that go to queues, by id; `queue_arn` should come from the queue's output, so that its policy is there first."
  type = map(object({
    queue_arn = string
    events    = optional(list(string), ["s3:ObjectCreated:*"])
    prefix    = optional(string, "")
    suffix    = optional(string, "")
  }))
  nullable = false
  default  = {}
}

variable "force_destroy" {
  description = "Lets destroy delete the bucket with all that is in it. For throw-away environments only."
  type        = bool
  nullable    = false
  default     = false
}

variable "tags" {
  description = "Tags of the bucket, e.g. its classification."
  type        = map(string)
  nullable    = false
  default     = {}
}
