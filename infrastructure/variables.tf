variable "project_name" {
  description = "Prefix of all names; unique in the account, and its bucket names in the world."
  type        = string
  nullable    = false
  default     = "datavault"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,46}[a-z0-9]$", var.project_name))
    error_message = "project_name must be 3 to 48 small letters, digits and hyphens and start with a letter (bucket and role names build on it)."
  }
}

variable "package_dir" {
  description = "Folder with processor.zip, enrichment.zip, loader.zip and auditor.zip, as `make package` builds them."
  type        = string
  nullable    = false
  default     = "../build"
}

variable "contracts_dir" {
  description = "Folder of the contracts; null takes contracts/ of this repository."
  type        = string
  default     = null

  validation {
    condition     = length(fileset(coalesce(var.contracts_dir, "${path.module}/../contracts"), "*/contract.odcs.yaml")) > 0
    error_message = "contracts_dir holds no <dataset>/contract.odcs.yaml."
  }
}

variable "endpoint_url" {
  description = "Address of the local cloud that the provider talks to, for the outputs; null on AWS."
  type        = string
  default     = null
}

variable "disposable" {
  description = "A stack whose data goes with it: destroy empties the buckets and deletes secrets at once. Never where data matters."
  type        = bool
  nullable    = false
  default     = false
}

variable "architecture" {
  description = "Processor that the zips are built for: `arm64` or `x86_64`."
  type        = string
  nullable    = false
  default     = "arm64"
}

variable "functions" {
  description = "Size of each function. 1769 MB is one whole vCPU; the work of a function is single-threaded. `reserved_concurrency` keeps invocations for a function, and others from it; Lambda insists that 100 of the account's stay free, and a new account has 10."
  type = object({
    processor = optional(object({
      memory_mb            = optional(number, 1769)
      timeout_seconds      = optional(number, 300) # About 15 GB of NDJSON; what is beyond it belongs to the worker, or in parts.
      maximum_concurrency  = optional(number, 10)
      reserved_concurrency = optional(number)
    }), {})
    enrichment = optional(object({
      memory_mb              = optional(number, 1769)
      timeout_seconds        = optional(number, 60) # Four chunks take under a second.
      parallelization_factor = optional(number, 4)
      maximum_retries        = optional(number, 10)
      reserved_concurrency   = optional(number)
    }), {})
    loader = optional(object({
      memory_mb            = optional(number, 512)
      timeout_seconds      = optional(number, 300) # Waits for COPY, and for a warehouse that wakes up.
      reserved_concurrency = optional(number)
    }), {})
    auditor = optional(object({
      memory_mb            = optional(number, 512)
      timeout_seconds      = optional(number, 300)
      period_minutes       = optional(number, 15) # A broken promise of 15 minutes is noticed within 30.
      days                 = optional(number, 3)  # As long as the stream keeps what could still be processed.
      reserved_concurrency = optional(number)
    }), {})
  })
  nullable = false
  default  = {}

  validation {
    condition     = var.functions.auditor.period_minutes >= 1 && var.functions.auditor.period_minutes <= 720 && floor(var.functions.auditor.period_minutes) == var.functions.auditor.period_minutes
    error_message = "period_minutes of the auditor must be a whole number from 1 to 720: its alarm looks back two periods, and CloudWatch a day."
  }

  validation {
    condition     = var.functions.auditor.days >= 2 && floor(var.functions.auditor.days) == var.functions.auditor.days
    error_message = "days of the auditor must be a whole number of at least 2: with 1, what arrives before midnight is forgotten at midnight."
  }
}

variable "worker" {
  description = "Raw objects of `threshold_mb` (a million bytes each, as stored) or more go to a queue for the worker on Kubernetes; null leaves all to the function."
  type        = object({ threshold_mb = number })
  default     = null

  validation {
    condition     = var.worker == null || try(var.worker.threshold_mb >= 1 && floor(var.worker.threshold_mb) == var.worker.threshold_mb, false)
    error_message = "threshold_mb of worker must be a whole number of at least 1."
  }
}

variable "loader_window_seconds" {
  description = "Seconds that Parquet objects gather before a load; null derives them from the strictest latency in the contracts."
  type        = number
  default     = null

  validation {
    condition     = var.loader_window_seconds == null || try(var.loader_window_seconds >= 1 && var.loader_window_seconds <= 300, false)
    error_message = "loader_window_seconds must be 1 to 300 (Lambda)."
  }
}

variable "stream" {
  description = "Capacity and retention of the stream."
  type = object({
    mode            = optional(string, "ON_DEMAND")
    shard_count     = optional(number, 1)
    retention_hours = optional(number, 72) # A failure on Friday evening is still there on Monday.
  })
  nullable = false
  default  = {}
}

variable "warehouse" {
  description = "Size, limits and snapshots of the warehouse."
  type = object({
    base_capacity_rpu       = optional(number, 4)
    daily_limit_rpu_hours   = optional(number)
    monthly_limit_rpu_hours = optional(number)
    snapshot                = optional(object({ cron = string, retention_days = number }))
  })
  nullable = false
  default  = {}
}

variable "object_lock" {
  description = "Default retention of the processed bucket's objects; `COMPLIANCE` cannot be undone by anybody."
  type = object({
    days                  = optional(number, 30)
    mode                  = optional(string, "GOVERNANCE")
    allow_compliance_mode = optional(bool, false)
  })
  nullable = false
  default  = {}
}

variable "raw_retention_days" {
  description = "Days that raw objects and quarantined records are kept, for replays, where their contract does not say."
  type        = number
  nullable    = false
  default     = 365

  validation {
    condition     = var.raw_retention_days >= 1
    error_message = "raw_retention_days must be at least 1."
  }
}

variable "log_retention_days" {
  description = "Days that the functions' logs are kept."
  type        = number
  nullable    = false
  default     = 365
}

variable "alarm_emails" {
  description = "Addresses that get the alarms."
  type        = set(string)
  nullable    = false
  default     = []
}
