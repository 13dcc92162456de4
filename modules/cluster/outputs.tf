output "name" {
  description = "Name of the cluster, known once its nodes and add-ons are there."
  value       = aws_eks_cluster.this.name
  depends_on  = [aws_eks_addon.deployment, aws_eks_pod_identity_association.this]
}

output "arn" {
  description = "ARN of the cluster."
  value       = aws_eks_cluster.this.arn
}

output "endpoint" {
  description = "Address of the API server."
  value       = aws_eks_cluster.this.endpoint
}

output "node_role_arn" {
  description = "Role of the nodes, which pulls images."
  value       = aws_iam_role.this["nodes"].arn
}

output "node_security_group_id" {
  description = "Security group of nodes and pods."
  value       = aws_security_group.this["nodes"].id
}

output "operator_security_group_id" {
  description = "Security group that opens the API server to whoever carries it: a VPN, a CloudShell in the VPC."
  value       = aws_security_group.this["operators"].id
}
