variable "audit_trail" {
  description = "Whether CloudTrail records each read and write of raw, processed and quarantined objects ($0.10 for 100,000 of them)."
  type        = bool
  nullable    = false
  default     = false
}

variable "monthly_budget_usd" {
  description = "US dollars a month that the stack may cost; the alarms' topic hears of it before it is spent. null sets no budget."
  type        = number
  default     = null

  validation {
    condition     = var.monthly_budget_usd == null || try(var.monthly_budget_usd > 0, false)
    error_message = "monthly_budget_usd must be more than 0."
  }
}

variable "guardduty" {
  description = "Whether GuardDuty watches the account: API calls, objects in S3, the functions' network. One detector serves an account and region: leave it off where another stack or the organization has it."
  type        = bool
  nullable    = false
  default     = false
}

variable "macie" {
  description = "Whether Macie looks at the account's buckets. One session serves an account and region: leave it off where another stack or the organization has it."
  type        = bool
  nullable    = false
  default     = false
}
