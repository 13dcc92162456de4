variable "permissions" {
  description = "What the function may do besides its sources, keys and logs: statements by id."
  type = map(object({
    actions    = list(string)
    resources  = list(string)
    conditions = optional(map(map(string)), {})
  }))
  nullable = false
  default  = {}

  validation {
    condition     = !anytrue(flatten([for permission in var.permissions : [for action in permission.actions : strcontains(action, "*")]]))
    error_message = "actions in permissions must be spelled out: a wildcard grants what nobody has read."
  }

  validation {
    condition = !anytrue([
      for permission in var.permissions : contains(permission.resources, "*") && length(permission.conditions) == 0
    ])
    error_message = "resources \"*\" in permissions needs conditions; most actions can name their resources."
  }
}

variable "key_uses" {
  description = "Keys that the function needs, by statement id: through which `service`, bound to what encryption `context`, to `read` (the default), to `write`, or both."
  type = map(object({
    key_arn = string
    service = string
    context = optional(map(string), {})
    read    = optional(bool, true)
    write   = optional(bool, false)
  }))
  nullable = false
  default  = {}

  validation {
    condition     = alltrue([for use in var.key_uses : use.read || use.write])
    error_message = "A key in key_uses must be for reading, writing or both."
  }
}

variable "queues" {
  description = "SQS queues that invoke the function, by name."
  type = map(object({
    arn                 = string
    batch_size          = number
    window_seconds      = optional(number, 0)
    maximum_concurrency = number
  }))
  nullable = false
  default  = {}

  validation {
    condition     = alltrue([for queue in var.queues : queue.batch_size >= 1 && queue.batch_size <= 10000])
    error_message = "batch_size of queues must be 1 to 10000 (Lambda)."
  }

  validation {
    condition     = alltrue([for queue in var.queues : queue.batch_size <= 10 || queue.window_seconds >= 1])
    error_message = "batch_size of queues above 10 needs window_seconds of at least 1 (Lambda)."
  }

  validation {
    condition     = alltrue([for queue in var.queues : queue.maximum_concurrency >= 2 && queue.maximum_concurrency <= 1000])
    error_message = "maximum_concurrency of queues must be 2 to 1000 (Lambda)."
  }
}

variable "streams" {
  description = "Kinesis streams that invoke the function, by name. The place for batches that fail for good is required."
  type = map(object({
    arn                    = string
    failure_bucket_arn     = string
    batch_size             = number
    window_seconds         = optional(number, 0)
    parallelization_factor = optional(number, 1)
    maximum_retries        = number
    maximum_age_seconds    = number
  }))
  nullable = false
  default  = {}

  validation {
    condition     = alltrue([for stream in var.streams : stream.maximum_retries >= 0 && stream.maximum_retries <= 10000])
    error_message = "maximum_retries of streams must be 0 to 10000: -1 retries until the record expires, and blocks the shard."
  }

  validation {
    condition     = alltrue([for stream in var.streams : stream.maximum_age_seconds >= 60 && stream.maximum_age_seconds <= 604800])
    error_message = "maximum_age_seconds of streams must be 60 to 604800: -1 waits until the record expires, and blocks the shard."
  }

  validation {
    condition     = alltrue([for stream in var.streams : stream.batch_size >= 1 && stream.batch_size <= 10000])
    error_message = "batch_size of streams must be 1 to 10000 (Lambda)."
  }

  validation {
    condition     = alltrue([for stream in var.streams : stream.parallelization_factor >= 1 && stream.parallelization_factor <= 10])
    error_message = "parallelization_factor of streams must be 1 to 10 (Lambda)."
  }
}

variable "schedule" {
  description = "Invokes the function every `period_minutes`; what fails for good goes to the queue of `dead_letter_queue_arn`, whose policy must let the rule `<name>-schedule` send."
  type = object({
    period_minutes        = number
    dead_letter_queue_arn = string
  })
  default = null

  validation {
    condition     = var.schedule == null || try(var.schedule.period_minutes >= 1 && floor(var.schedule.period_minutes) == var.schedule.period_minutes, false)
    error_message = "period_minutes of schedule must be a whole number of minutes, at least 1 (EventBridge)."
  }

  validation {
    condition     = var.schedule == null || try(var.schedule.period_minutes * 60 >= var.timeout_seconds, false)
    error_message = "period_minutes of schedule must not be shorter than timeout_seconds: invocations would overlap."
  }
}
