variable "name" {
  description = "Name of the key's alias, without `alias/`."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-zA-Z0-9_-]+$", var.name))
    error_message = "name may hold letters, digits, hyphens and underscores only."
  }

  validation {
    condition     = !startswith(var.name, "aws-")
    error_message = "name must not start with aws-: AWS keeps those aliases for itself."
  }
}

variable "description" {
  description = "What the key protects."
  type        = string
  nullable    = false
}

variable "via_services" {
  description = "Services through which principals of the account may use the key, e.g. `s3` (where IAM allows them)."
  type        = set(string)
  nullable    = false

  validation {
    condition     = length(var.via_services) > 0
    error_message = "via_services must name at least one service: without one nobody could use the key."
  }

  validation {
    condition     = alltrue([for service in var.via_services : can(regex("^[a-z0-9-]+$", service))])
    error_message = "via_services are the first label of the service's host name, e.g. s3 or secretsmanager."
  }
}

variable "service_uses" {
  description = "Services that use the key on their own account, by statement id, each for the resources whose ARNs are listed."
  type = map(object({
    service     = string
    source_arns = list(string)
  }))
  nullable = false
  default  = {}

  validation {
    condition     = alltrue([for use in var.service_uses : length(use.source_arns) > 0])
    error_message = "each of service_uses must list source_arns: a service without them can be made a confused deputy."
  }

  validation {
    condition     = alltrue([for use in var.service_uses : endswith(use.service, ".amazonaws.com")])
    error_message = "service in service_uses is a service principal, e.g. s3.amazonaws.com."
  }
}

variable "grant_services" {
  description = "Services, as in `via_services`, that make grants for themselves in their caller's name when a cluster or repository is made, without `kms:GrantIsForAWSResource`: `eks`, `ecr`."
  type        = list(string)
  nullable    = false
  default     = []

  validation {
    condition     = length(setsubtract(var.grant_services, var.via_services)) == 0
    error_message = "grant_services must be among via_services: what is granted is used through the service."
  }
}

variable "service_linked_roles" {
  description = "Service-linked roles that use the key, by their path under aws-service-role/. They have no policies that could be widened: the key must name them."
  type        = list(string)
  nullable    = false
  default     = []

  validation {
    condition     = alltrue([for role in var.service_linked_roles : can(regex("^[a-z0-9.-]+\\.amazonaws\\.com/AWSServiceRoleFor[A-Za-z]+$", role))])
    error_message = "service_linked_roles are <service>.amazonaws.com/AWSServiceRoleFor…, e.g. autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling."
  }
}

variable "log_group_arns" {
  description = "CloudWatch log groups (ARN patterns) that the key encrypts."
  type        = list(string)
  nullable    = false
  default     = []
}

variable "deletion_window_days" {
  description = "Days between the order to delete the key and the loss of all that it protects."
  type        = number
  nullable    = false
  default     = 30

  validation {
    condition     = var.deletion_window_days >= 7 && var.deletion_window_days <= 30
    error_message = "deletion_window_days must be 7 to 30 (KMS)."
  }
}
