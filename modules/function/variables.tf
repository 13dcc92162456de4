variable "name" {
  description = "Name of the function, its role and its log group."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-zA-Z0-9_-]{1,64}$", var.name))
    error_message = "name may hold 1 to 64 letters, digits, hyphens and underscores (Lambda, IAM)."
  }
}

variable "handler" {
  description = "Python module and function, e.g. `handler.process_data`."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-zA-Z0-9_.]+\\.[a-zA-Z0-9_]+$", var.handler))
    error_message = "handler must be module.function."
  }
}

variable "package_path" {
  description = "The zip with the code."
  type        = string
  nullable    = false

  validation {
    condition     = fileexists(var.package_path)
    error_message = "package_path names no file; build the zips first with `make package`."
  }
}

variable "signed_package" {
  description = "The same zip as AWS Signer signed it, and the configuration that refuses any other; null takes `package_path` as it is."
  type = object({
    bucket                  = string
    key                     = string
    code_signing_config_arn = string
  })
  default = null
}

variable "gradual_release" {
  description = "Whether CodeDeploy moves the alias `live` to a new version; otherwise it follows the newest one."
  type        = bool
  nullable    = false
  default     = false
}

variable "kms_key_arn" {
  description = "Key that encrypts the environment and the log group."
  type        = string
  nullable    = false
}

variable "architecture" {
  description = "`arm64` (a fifth cheaper) or `x86_64`; the zip must be built for it."
  type        = string
  nullable    = false
  default     = "arm64"

  validation {
    condition     = contains(["arm64", "x86_64"], var.architecture)
    error_message = "architecture must be arm64 or x86_64."
  }
}

variable "memory_mb" {
  description = "Memory; CPU comes with it, one whole vCPU at 1769."
  type        = number
  nullable    = false

  validation {
    condition     = var.memory_mb >= 128 && var.memory_mb <= 10240
    error_message = "memory_mb must be 128 to 10240 (Lambda)."
  }
}

variable "timeout_seconds" {
  description = "Seconds after which an invocation is ended."
  type        = number
  nullable    = false

  validation {
    condition     = var.timeout_seconds >= 1 && var.timeout_seconds <= 900
    error_message = "timeout_seconds must be 1 to 900 (Lambda)."
  }
}

variable "ephemeral_storage_mb" {
  description = "Size of /tmp."
  type        = number
  nullable    = false
  default     = 512

  validation {
    condition     = var.ephemeral_storage_mb >= 512 && var.ephemeral_storage_mb <= 10240
    error_message = "ephemeral_storage_mb must be 512 to 10240 (Lambda)."
  }
}

variable "reserved_concurrency" {
  description = "Invocations at once that are kept for this function, and its limit; null reserves none."
  type        = number
  default     = null

  validation {
    condition     = var.reserved_concurrency == null || try(var.reserved_concurrency >= 1 && floor(var.reserved_concurrency) == var.reserved_concurrency, false)
    error_message = "reserved_concurrency must be a whole number of at least 1: 0 stops the function."
  }

  validation {
    condition     = var.reserved_concurrency == null || try(var.reserved_concurrency >= max(0, values(var.queues)[*].maximum_concurrency...), false)
    error_message = "reserved_concurrency must not be below the maximum_concurrency of a queue: Lambda would take messages only to refuse them."
  }
}

variable "environment" {
  description = "Environment variables: names and addresses, never secrets."
  type        = map(string)
  nullable    = false
}

variable "tracing" {
  description = "Whether X-Ray samples the function's invocations."
  type        = bool
  nullable    = false
  default     = true
}

variable "vpc" {
  description = "Subnets and security groups to run in; null runs in Lambda's own network."
  type = object({
    subnet_ids         = list(string)
    security_group_ids = list(string)
  })
  default = null

  validation {
    condition     = var.vpc == null || try(length(var.vpc.subnet_ids) >= 2 && length(var.vpc.security_group_ids) >= 1, false)
    error_message = "vpc needs subnets in at least two zones and a security group."
  }
}

variable "permissions_boundary_arn" {
  description = "Boundary of the function's role."
  type        = string
  nullable    = false
}

variable "log_retention_days" {
  description = "Days that the function's logs are kept."
  type        = number
  nullable    = false
}
