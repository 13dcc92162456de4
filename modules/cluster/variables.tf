variable "name" {
  description = "Name of the cluster, prefix of the names around it."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-zA-Z0-9][a-zA-Z0-9-]{0,49}$", var.name))
    error_message = "name may hold 1 to 50 letters, digits and hyphens (EKS allows 100, a role's name 64)."
  }
}

variable "kubernetes_version" {
  description = "Version of Kubernetes, of control plane and nodes. One step up at a time; there is no way back."
  type        = string
  nullable    = false
  default     = "1.36"

  # Standard support ends on 2027-03-27 and 2027-08-02
  # (docs.aws.amazon.com/eks/latest/userguide/kubernetes-versions.html). What is older costs six times as much.
  validation {
    condition     = contains(["1.35", "1.36"], var.kubernetes_version)
    error_message = "kubernetes_version must be one that EKS supports at the standard price and that the manifests are validated against: 1.35 or 1.36."
  }
}

variable "addon_versions" {
  description = "Versions of add-ons to hold fast, by name (`aws eks describe-addon-versions`); the others have the one that AWS ships with the Kubernetes version."
  type        = map(string)
  nullable    = false
  default     = {}

  validation {
    condition     = alltrue([for name in keys(var.addon_versions) : contains(["coredns", "eks-pod-identity-agent", "kube-proxy", "metrics-server", "vpc-cni"], name)])
    error_message = "addon_versions may name coredns, eks-pod-identity-agent, kube-proxy, metrics-server and vpc-cni."
  }

  validation {
    condition     = alltrue([for version in values(var.addon_versions) : can(regex("^v[0-9]+\\.[0-9]+\\.[0-9]+-eksbuild\\.[0-9]+$", version))])
    error_message = "addon_versions are EKS's own, e.g. v1.13.2-eksbuild.1."
  }
}

variable "nodes" {
  description = "Nodes: a Graviton type, how many, gigabytes of each root volume."
  type = object({
    instance_type = optional(string, "m7g.large")
    count         = optional(number, 2)
    volume_gb     = optional(number, 30)
  })
  nullable = false
  default  = {}

  validation {
    condition     = can(regex("^[a-z]+[0-9]+g[a-z]*\\.(metal|[0-9]*x?large|medium)$", var.nodes.instance_type))
    error_message = "instance_type must be a Graviton type of at least medium, e.g. m7g.large: image and machine image are for arm64, and smaller nodes hold too few pods."
  }

  validation {
    condition     = var.nodes.count >= 2 && var.nodes.count <= 50 && floor(var.nodes.count) == var.nodes.count
    error_message = "count of nodes must be a whole number from 2 to 50: one is replaced while another works, and a slip of the finger must not cost a fortune."
  }

  validation {
    condition     = var.nodes.volume_gb >= 20 && var.nodes.volume_gb <= 16384
    error_message = "volume_gb must be 20 (Amazon Linux and a few images) to 16384 (gp3)."
  }
}

variable "vpc_id" {
  description = "VPC of the cluster."
  type        = string
  nullable    = false
}

variable "subnet_ids" {
  description = "Private subnets of control plane and nodes, over two zones at least."
  type        = list(string)
  nullable    = false

  validation {
    condition     = length(var.subnet_ids) >= 2
    error_message = "subnet_ids must hold at least two (EKS)."
  }
}

variable "endpoint_security_group_id" {
  description = "Security group of the VPC's interface endpoints; nodes and operators are let in."
  type        = string
  nullable    = false
}

variable "s3_prefix_list_id" {
  description = "Prefix list of S3, where the layers of images come from."
  type        = string
  nullable    = false
}

variable "kms_key_arn" {
  description = "Key of Kubernetes' Secrets and of the nodes' volumes; its policy must let EKS and Auto Scaling use it."
  type        = string
  nullable    = false
}

variable "log_kms_key_arn" {
  description = "Key of the control plane's log group; its policy must let CloudWatch Logs use it for `/aws/eks/<name>/cluster`."
  type        = string
  nullable    = false
}

variable "log_retention_days" {
  description = "Days that the control plane's logs are kept."
  type        = number
  nullable    = false
}

variable "permissions_boundary_arn" {
  description = "Boundary of the roles of control plane, nodes and network plug-in."
  type        = string
  nullable    = false
}
