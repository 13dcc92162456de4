variable "platform" {
  description = "Kubernetes for the worker: an EKS cluster, the registry of its images, a service network of VPC Lattice, all in the stack's network; null makes none of it. It costs about $350 a month before anything runs: control plane $73, two m7g.large with their volumes $124, seven more interface endpoints in three zones $153 (us-east-1, docs/operations/platform.md). A Kubernetes version that EKS no longer supports would cost $438 for the control plane; it is upgraded instead."
  type = object({
    kubernetes_version = optional(string)
    nodes = optional(object({
      instance_type = optional(string)
      count         = optional(number)
      volume_gb     = optional(number)
    }), {})
    addon_versions      = optional(map(string), {})
    public_access_cidrs = optional(list(string), [])
    access_entries = optional(map(object({
      principal_arn     = string
      kubernetes_groups = optional(set(string), [])
      policies          = optional(map(object({ namespaces = optional(set(string), []) })), {})
    })), {})
    # What else is installed, its roles and the services that it calls: monitoring = "cloudwatch" for an exporter of metrics.
    pod_identities = optional(map(object({
      namespace       = string
      service_account = string
      role_arn        = string
    })), {})
    interface_services  = optional(map(string), {})
    keep_images         = optional(number)
    image_account_ids   = optional(set(string), [])
    service_caller_arns = optional(list(string), [])
  })
  default = null

  validation {
    condition     = var.platform == null || var.network != null
    error_message = "platform needs network: the cluster lies in the stack's own VPC."
  }

  validation {
    condition     = var.platform == null || var.worker != null
    error_message = "platform needs worker, e.g. { threshold_mb = 1000 }: without, a cluster is paid for that has nothing to do."
  }

  validation {
    condition     = alltrue([for account in flatten(var.platform[*].image_account_ids[*]) : can(regex("^[0-9]{12}$", account))])
    error_message = "image_account_ids of platform must be the 12 digits of AWS accounts."
  }
}
