output "secret_arn" {
  description = "ARN of the secret, known once it has its value."
  value       = aws_secretsmanager_secret.this.arn
  depends_on  = [aws_secretsmanager_secret_version.this]
}
