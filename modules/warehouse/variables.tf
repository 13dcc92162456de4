variable "name" {
  description = "Name of the namespace and of the workgroup."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9-]{3,49}$", var.name))
    error_message = "name may hold 3 to 49 small letters, digits and hyphens (the COPY role's name must fit into IAM's 64)."
  }
}

variable "database" {
  description = "Name of the first database."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9_]{0,63}$", var.database))
    error_message = "database must start with a small letter and hold up to 64 small letters, digits and underscores."
  }
}

variable "admin_username" {
  description = "Name of the database's administrator."
  type        = string
  nullable    = false
  default     = "datavault_admin"

  validation {
    condition     = can(regex("^[a-z][a-z0-9_]{0,62}$", var.admin_username))
    error_message = "admin_username must start with a small letter and hold small letters, digits and underscores."
  }
}

variable "kms_key_arn" {
  description = "Key of the namespace, of the administrator's secret and of the objects that COPY reads."
  type        = string
  nullable    = false
}

variable "source_bucket_arn" {
  description = "The bucket that COPY reads."
  type        = string
  nullable    = false
}

variable "source_prefixes" {
  description = "Key prefixes that COPY may read, each with its slash."
  type        = list(string)
  nullable    = false

  validation {
    condition     = length(var.source_prefixes) > 0
    error_message = "source_prefixes must name at least one prefix."
  }

  validation {
    condition     = alltrue([for prefix in var.source_prefixes : endswith(prefix, "/")])
    error_message = "source_prefixes must end with a slash: data* would match database/ too."
  }
}

variable "permissions_boundary_arn" {
  description = "Boundary of the roles for COPY and snapshots."
  type        = string
  nullable    = false
}

variable "base_capacity_rpu" {
  description = "Capacity of the workgroup; each wake-up bills a minute of it."
  type        = number
  nullable    = false
  default     = 4

  validation {
    condition     = var.base_capacity_rpu == 4 || (var.base_capacity_rpu >= 8 && var.base_capacity_rpu <= 512 && var.base_capacity_rpu % 8 == 0)
    error_message = "base_capacity_rpu must be 4, or 8 to 512 in steps of 8 (Redshift Serverless)."
  }
}

variable "daily_limit_rpu_hours" {
  description = "RPU-hours a day after which the workgroup is switched off; null sets no limit."
  type        = number
  default     = null

  validation {
    condition     = var.daily_limit_rpu_hours == null || try(var.daily_limit_rpu_hours >= 1, false)
    error_message = "daily_limit_rpu_hours must be at least 1."
  }
}

variable "monthly_limit_rpu_hours" {
  description = "RPU-hours a month after which the workgroup is switched off; null sets no limit."
  type        = number
  default     = null

  validation {
    condition     = var.monthly_limit_rpu_hours == null || try(var.monthly_limit_rpu_hours >= coalesce(var.daily_limit_rpu_hours, 1), false)
    error_message = "monthly_limit_rpu_hours must be at least 1, and not below the daily limit, which could never be reached."
  }
}

variable "snapshot" {
  description = "When a snapshot is made (an EventBridge cron expression, UTC) and for how many days it is kept; null makes none. Redshift's own recovery points reach back 24 hours."
  type = object({
    cron           = string
    retention_days = number
  })
  default = null

  validation {
    condition     = var.snapshot == null || can(regex("^cron\\(.+\\)$", var.snapshot.cron))
    error_message = "snapshot.cron must be a cron expression of EventBridge: cron(30 3 * * ? *)."
  }

  validation {
    condition     = var.snapshot == null || try(var.snapshot.retention_days >= 1 && var.snapshot.retention_days <= 3653, false)
    error_message = "snapshot.retention_days must be 1 to 3653 (Redshift Serverless)."
  }
}

variable "max_query_seconds" {
  description = "Seconds after which Redshift ends a query."
  type        = number
  nullable    = false
  default     = 14400

  validation {
    condition     = var.max_query_seconds >= 1 && var.max_query_seconds <= 86399
    error_message = "max_query_seconds must be 1 to 86399 (Redshift Serverless)."
  }
}

variable "subnet_ids" {
  description = "Subnets of the workgroup, over three zones; empty takes the account's default VPC."
  type        = list(string)
  nullable    = false
  default     = []

  validation {
    condition     = length(var.subnet_ids) == 0 || length(var.subnet_ids) >= 3
    error_message = "subnet_ids must be empty or hold at least three (Redshift Serverless with enhanced VPC routing)."
  }
}

variable "security_group_ids" {
  description = "Security groups of the workgroup; empty takes the VPC's default group."
  type        = list(string)
  nullable    = false
  default     = []
}
