variable "name" {
  description = "Name of the VPC, prefix of the names in it."
  type        = string
  nullable    = false
}

variable "cidr" {
  description = "Addresses of the VPC, divided into sixteenths; a subnet has one of them."
  type        = string
  nullable    = false

  validation {
    condition     = can(cidrsubnet(var.cidr, 4, 0)) && try(tonumber(split("/", var.cidr)[1]) >= 16 && tonumber(split("/", var.cidr)[1]) <= 22, false)
    error_message = "cidr must be an IPv4 range from /16 to /22: Redshift Serverless wants dozens of free addresses in each subnet."
  }
}

variable "zone_count" {
  description = "Availability zones to use. Redshift Serverless with enhanced VPC routing needs three."
  type        = number
  nullable    = false
  default     = 3

  validation {
    condition     = contains([3, 4, 5, 6], var.zone_count)
    error_message = "zone_count must be 3 to 6."
  }
}

variable "bucket_arns" {
  description = "Buckets that the S3 endpoint lets through."
  type        = list(string)
  nullable    = false

  validation {
    condition     = length(var.bucket_arns) > 0
    error_message = "bucket_arns must name at least one bucket."
  }
}

variable "interface_services" {
  description = "AWS services to reach by an interface endpoint: last part of the endpoint service's name, to the prefix of the service's actions. Each costs an hourly price in each zone."
  type        = map(string)
  nullable    = false
}

variable "internal_cidrs" {
  description = "Address ranges that the network ACL lets talk with the subnets on every port, both ways; security groups still decide. The pods of a cluster's nodes need the VPC's own."
  type        = list(string)
  nullable    = false
  default     = []

  validation {
    condition     = alltrue([for cidr in var.internal_cidrs : can(cidrhost(cidr, 0)) && try(tonumber(split("/", cidr)[1]) >= 16, false)])
    error_message = "internal_cidrs must be IPv4 ranges of /16 or smaller: the ACL keeps the rest of the world out."
  }
}

variable "pulls_images" {
  description = "Whether images are pulled from ECR, whose layers lie in a bucket of AWS's: the S3 endpoint then lets them through."
  type        = bool
  nullable    = false
  default     = false
}

variable "kms_key_arn" {
  description = "Key of the flow log's group; its policy must let CloudWatch Logs use it for `/aws/vpc/<name>`."
  type        = string
  nullable    = false
}

variable "log_retention_days" {
  description = "Days that the flow log is kept."
  type        = number
  nullable    = false
}

variable "permissions_boundary_arn" {
  description = "Boundary of the flow log's role."
  type        = string
  nullable    = false
}
