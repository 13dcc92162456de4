variable "endpoint" {
  description = "Address of the local cloud."
  type        = string
  nullable    = false
  default     = "http://127.0.0.1:4566"
}

variable "package_dir" {
  description = "Folder with the zips that `make package` builds."
  type        = string
  nullable    = false
  default     = "../../build"
}

variable "project_name" {
  description = "Prefix of all names."
  type        = string
  nullable    = false
  default     = "datavault-local"
}
