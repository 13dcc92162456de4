output "arn" {
  description = "ARN of the repository."
  value       = aws_ecr_repository.this.arn
}

output "url" {
  description = "Address to push to and to pull from, without a tag."
  value       = aws_ecr_repository.this.repository_url
  depends_on  = [aws_ecr_lifecycle_policy.this, aws_ecr_repository_policy.this]
}
