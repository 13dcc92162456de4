output "name" {
  description = "Name of the function."
  value       = aws_lambda_function.this.function_name

  # Who calls the function finds it able to work.
  depends_on = [aws_iam_role_policy.this]
}

output "arn" {
  description = "ARN of the function."
  value       = aws_lambda_function.this.arn
}

output "version" {
  description = "Newest version of the function; the alias points at it, or will when it is released."
  value       = aws_lambda_function.this.version

  # Who calls it finds it able to work.
  depends_on = [aws_iam_role_policy.this]
}

output "role_name" {
  description = "Name of the function's role."
  value       = aws_iam_role.this.name
}

output "role_arn" {
  description = "ARN of the function's role."
  value       = aws_iam_role.this.arn
}

output "log_group_name" {
  description = "Name of the function's log group."
  value       = aws_cloudwatch_log_group.this.name
}

output "stream_mapping_ids" {
  description = "Id of the mapping of each stream, the dimension of its EventCount metrics."
  value       = { for name, mapping in aws_lambda_event_source_mapping.stream : name => mapping.uuid }
}

output "package_hash" {
  description = "Hash of the zip that the function runs, known once it does."
  value       = aws_lambda_function.this.source_code_hash
}

output "work_statements" {
  description = "What the function's code may do: the statements of `permissions` and `key_uses`, for another role that does the same work."
  value       = concat(local.key_statements, local.permission_statements)
}
