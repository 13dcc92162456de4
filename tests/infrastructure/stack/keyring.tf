# Stands in for modules/keyring: Terraform's mocks know no ephemeral resources, so here the secret gets no value.

variable "name" {
  type = string
}

variable "description" {
  type = string
}

variable "kms_key_arn" {
  type = string
}

variable "recovery_window_days" {
  type = number
}

resource "aws_secretsmanager_secret" "this" {
  name                    = var.name
  description             = var.description
  kms_key_id              = var.kms_key_arn
  recovery_window_in_days = var.recovery_window_days
}

output "secret_arn" {
  value = aws_secretsmanager_secret.this.arn
}
