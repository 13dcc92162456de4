output "id" {
  description = "Id of the service network."
  value       = aws_vpclattice_service_network.this.id
}

output "arn" {
  description = "ARN of the service network."
  value       = aws_vpclattice_service_network.this.arn
}

output "name" {
  description = "Name of the service network, known once the VPC is part of it."
  value       = aws_vpclattice_service_network.this.name
  depends_on  = [aws_vpclattice_service_network_vpc_association.this]
}
