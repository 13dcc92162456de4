output "stack" {
  description = "Names and addresses of the stack, for `datavault --env` and other tools; infrastructure/outputs.tf describes each."
  value       = module.datavault
}
