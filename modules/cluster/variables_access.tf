variable "public_access_cidrs" {
  description = "Address ranges that may reach the API server from the internet, besides whoever is inside the VPC; none keeps it private."
  type        = list(string)
  nullable    = false
  default     = []

  validation {
    condition     = alltrue([for cidr in var.public_access_cidrs : can(cidrhost(cidr, 0)) && try(tonumber(split("/", cidr)[1]) >= 16, false)])
    error_message = "public_access_cidrs must be IPv4 ranges of /16 or smaller: the API server is not for the whole internet."
  }
}

variable "access_entries" {
  description = "Who may use the cluster, by a name of yours: an IAM role or user, with Kubernetes groups, and EKS's access policies (`AmazonEKSViewPolicy` …) for some namespaces or, without any, all of the cluster."
  type = map(object({
    principal_arn     = string
    kubernetes_groups = optional(set(string), [])
    policies          = optional(map(object({ namespaces = optional(set(string), []) })), {})
  }))
  nullable = false
  default  = {}

  validation {
    condition     = alltrue([for entry in var.access_entries : can(regex("^arn:[a-z-]+:iam::[0-9]{12}:(role|user)/", entry.principal_arn))])
    error_message = "principal_arn of access_entries must be the ARN of an IAM role or user."
  }

  validation {
    condition     = alltrue([for entry in var.access_entries : length(entry.kubernetes_groups) + length(entry.policies) > 0])
    error_message = "each of access_entries needs kubernetes_groups or policies: without, it may do nothing."
  }

  validation {
    condition     = alltrue(flatten([for entry in var.access_entries : [for group in entry.kubernetes_groups : !startswith(group, "system:")]]))
    error_message = "kubernetes_groups of access_entries must not begin with system: (EKS)."
  }

  validation {
    condition     = alltrue(flatten([for entry in var.access_entries : [for policy in keys(entry.policies) : can(regex("^AmazonEKS[A-Za-z]+Policy$", policy))]]))
    error_message = "policies of access_entries are names of EKS's access policies, e.g. AmazonEKSViewPolicy."
  }
}

variable "pod_identities" {
  description = "IAM roles of service accounts, by a name of yours; each role must trust pods.eks.amazonaws.com."
  type = map(object({
    namespace       = string
    service_account = string
    role_arn        = string
  }))
  nullable = false
  default  = {}

  validation {
    condition     = length(distinct([for pod in var.pod_identities : "${pod.namespace}/${pod.service_account}"])) == length(var.pod_identities)
    error_message = "a service account of pod_identities can have one role only."
  }
}
