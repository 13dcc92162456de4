variable "name" {
  description = "Prefix of the topic's and the alarms' names."
  type        = string
  nullable    = false
}

variable "kms_key_arn" {
  description = "Key of the topic; its policy must let cloudwatch.amazonaws.com use it."
  type        = string
  nullable    = false
}

variable "emails" {
  description = "Addresses that get every alarm (each must confirm once)."
  type        = set(string)
  nullable    = false
  default     = []

  validation {
    condition     = alltrue([for email in var.emails : can(regex("^[^@\\s]+@[^@\\s]+$", email))])
    error_message = "emails must be e-mail addresses."
  }
}

variable "runbooks" {
  description = "Folder or address of the runbooks; each alarm's is `<runbook or alarm>.md`."
  type        = string
  nullable    = false
}

variable "rule_arns" {
  description = "Rules of EventBridge that tell the topic of events; the key's policy must let events.amazonaws.com use it for them."
  type        = list(string)
  nullable    = false
  default     = []
}

variable "alarms" {
  description = "Alarms by name: the metric, what is too much of it (`above`), and what a missing value means. `runbook` where several alarms share one; else it has the alarm's name."
  type = map(object({
    description         = string
    runbook             = optional(string)
    namespace           = string
    metric              = optional(string)
    metrics             = optional(map(string), {})
    expression          = optional(string)
    dimensions          = map(string)
    statistic           = optional(string, "Sum")
    period_seconds      = optional(number, 60)
    evaluation_periods  = optional(number, 1)
    datapoints_to_alarm = optional(number, 1)
    above               = number
    missing_data        = string
  }))
  nullable = false

  validation {
    condition     = alltrue([for alarm in var.alarms : (alarm.metric == null) != (alarm.expression == null)])
    error_message = "alarms need a metric or an expression, and not both."
  }

  validation {
    condition     = alltrue([for alarm in var.alarms : (alarm.expression == null) == (length(alarm.metrics) == 0)])
    error_message = "an expression of alarms needs the metrics that it names; a single metric is `metric`."
  }

  validation {
    condition     = alltrue([for alarm in var.alarms : contains(["breaching", "ignore", "missing", "notBreaching"], alarm.missing_data)])
    error_message = "missing_data of alarms must be breaching, ignore, missing or notBreaching."
  }

  validation {
    condition     = alltrue([for alarm in var.alarms : contains(["Average", "Maximum", "Minimum", "SampleCount", "Sum"], alarm.statistic)])
    error_message = "statistic of alarms must be Average, Maximum, Minimum, SampleCount or Sum."
  }

  validation {
    condition     = alltrue([for alarm in var.alarms : alarm.datapoints_to_alarm <= alarm.evaluation_periods])
    error_message = "datapoints_to_alarm of alarms must not exceed evaluation_periods."
  }

  validation {
    condition     = alltrue([for alarm in var.alarms : endswith(alarm.description, ".")])
    error_message = "description of alarms must be a sentence: it is what a person reads at night."
  }
}
