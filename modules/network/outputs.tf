output "vpc_id" {
  description = "Id of the VPC."
  value       = aws_vpc.this.id
}

output "subnet_ids" {
  description = "Private subnets, one a zone, known once they have their way to S3 and their endpoints."
  value       = [for subnet in aws_subnet.private : subnet.id]
  depends_on  = [aws_route_table_association.private, aws_vpc_endpoint.interface, aws_vpc_endpoint.s3]
}

output "function_security_group_id" {
  description = "Security group of the functions."
  value       = aws_security_group.this["functions"].id
}

output "warehouse_security_group_id" {
  description = "Security group of the warehouse. SQL clients need an ingress rule on 5439."
  value       = aws_security_group.this["warehouse"].id
}

output "endpoint_security_group_id" {
  description = "Security group of the interface endpoints. Callers need an ingress rule on 443."
  value       = aws_security_group.this["endpoints"].id
}

output "s3_prefix_list_id" {
  description = "Prefix list of S3, for security groups."
  value       = aws_vpc_endpoint.s3.prefix_list_id
}
