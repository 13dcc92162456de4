variable "account_id" {
  description = "The AWS account of this environment; credentials of any other are refused."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account_id))
    error_message = "account_id must be the 12 digits of an AWS account."
  }
}

variable "region" {
  description = "Region of everything."
  type        = string
  nullable    = false
  default     = "us-east-1"
}

variable "project_name" {
  description = "Prefix of all names; its bucket names must be unique in the world."
  type        = string
  nullable    = false
  default     = "datavault-staging"
}

variable "alarm_emails" {
  description = "Addresses that get the alarms."
  type        = set(string)
  nullable    = false
  default     = []
}
