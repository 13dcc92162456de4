variable "name" {
  description = "Name of the repository."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9]+([._/-][a-z0-9]+)*$", var.name)) && length(var.name) >= 2 && length(var.name) <= 256
    error_message = "name may hold 2 to 256 small letters and digits, parted by one of ._/- (ECR)."
  }
}

variable "kms_key_arn" {
  description = "Key that encrypts the images; fixed for the repository's life."
  type        = string
  nullable    = false
}

variable "puller_arns" {
  description = "Who may pull, by IAM role, or by account (`arn:aws:iam::<account>:root`) where other accounts run the same image."
  type        = list(string)
  nullable    = false

  validation {
    condition     = length(var.puller_arns) > 0
    error_message = "puller_arns must name at least one role or account."
  }

  validation {
    condition     = alltrue([for arn in var.puller_arns : can(regex("^arn:[a-z-]+:iam::[0-9]{12}:(root$|role/.)", arn))])
    error_message = "puller_arns must be ARNs of IAM roles or of accounts."
  }
}

variable "keep_tagged" {
  description = "Images with a tag that are kept, the latest first."
  type        = number
  nullable    = false
  default     = 30

  validation {
    condition     = var.keep_tagged >= 2 && floor(var.keep_tagged) == var.keep_tagged
    error_message = "keep_tagged must be a whole number of at least 2: the one that runs and the one to go back to."
  }
}

variable "untagged_days" {
  description = "Days that an image without a tag is kept."
  type        = number
  nullable    = false
  default     = 7

  validation {
    condition     = var.untagged_days >= 1 && floor(var.untagged_days) == var.untagged_days
    error_message = "untagged_days must be a whole number of at least 1 (ECR)."
  }
}

variable "force_delete" {
  description = "Whether destroy takes the images along. For throw-away environments."
  type        = bool
  nullable    = false
  default     = false
}
