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
