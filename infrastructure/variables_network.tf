variable "network" {
  description = "Address range (a /20 or larger) and zones of a VPC for functions and warehouse, three zones at least; null runs without one."
  type = object({
    cidr       = string
    zone_count = optional(number, 3)
  })
  default = null
}
