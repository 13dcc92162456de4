variable "gradual_release" {
  description = "CodeDeploy's configuration by which functions move to a new version after an apply, e.g. `CodeDeployDefault.LambdaCanary10Percent5Minutes`; null moves them in the apply, all at once."
  type        = string
  default     = null

  validation {
    condition     = var.gradual_release == null || can(regex("^CodeDeployDefault\\.Lambda(Canary10Percent(5|10|15|30)Minutes|Linear10PercentEvery(1Minute|(2|3|10)Minutes)|AllAtOnce)$", var.gradual_release))
    error_message = "gradual_release must be one of CodeDeploy's configurations for Lambda: CodeDeployDefault.LambdaCanary10Percent5Minutes, …Linear10PercentEvery1Minute, …AllAtOnce."
  }
}

variable "code_signing" {
  description = "Whether AWS Signer signs the zips and Lambda refuses others. Signing costs nothing; the zips lie in a bucket of their own."
  type        = bool
  nullable    = false
  default     = false
}
