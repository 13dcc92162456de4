variable "name" {
  description = "Name of the service network. A Gateway of the cluster finds it by this name."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9]+(-[a-z0-9]+)*$", var.name)) && length(var.name) >= 3 && length(var.name) <= 63
    error_message = "name may hold 3 to 63 small letters, digits and single hyphens between them (VPC Lattice)."
  }
}

variable "vpc_id" {
  description = "VPC whose members call and serve."
  type        = string
  nullable    = false
}

variable "members" {
  description = "Security groups of those who call and serve, by a word for them, and the port on which they serve."
  type = map(object({
    security_group_id = string
    port              = number
  }))
  nullable = false

  validation {
    condition     = length(var.members) > 0
    error_message = "members must name at least one: without, nobody could call."
  }

  validation {
    condition     = alltrue([for member in var.members : member.port >= 1 && member.port <= 65535])
    error_message = "port of members must be 1 to 65535."
  }
}

variable "caller_role_arns" {
  description = "IAM roles that may call; empty lets every role of the account that is allowed vpc-lattice-svcs:Invoke."
  type        = list(string)
  nullable    = false
  default     = []

  validation {
    condition     = alltrue([for arn in var.caller_role_arns : can(regex("^arn:[a-z-]+:iam::[0-9]{12}:role/.", arn))])
    error_message = "caller_role_arns must be ARNs of IAM roles."
  }
}

variable "kms_key_arn" {
  description = "Key of the access log's group; its policy must let CloudWatch Logs use it for `/aws/vendedlogs/vpc-lattice/<name>`."
  type        = string
  nullable    = false
}

variable "log_retention_days" {
  description = "Days that the access log is kept."
  type        = number
  nullable    = false
}
