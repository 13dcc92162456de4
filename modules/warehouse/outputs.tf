output "workgroup_name" {
  description = "Name of the workgroup."
  value       = aws_redshiftserverless_workgroup.this.workgroup_name
}

output "workgroup_arn" {
  description = "ARN of the workgroup."
  value       = aws_redshiftserverless_workgroup.this.arn
}

output "workgroup_id" {
  description = "Id of the workgroup; a new one means an empty warehouse."
  value       = aws_redshiftserverless_workgroup.this.workgroup_id
}

output "namespace_id" {
  description = "Id of the namespace; a new one means an empty warehouse."
  value       = aws_redshiftserverless_namespace.this.namespace_id
}

output "database" {
  description = "Name of the database."
  value       = aws_redshiftserverless_namespace.this.db_name
}

output "admin_secret_arn" {
  description = "Secret with the administrator's user name and password."
  value       = aws_redshiftserverless_namespace.this.admin_password_secret_arn
}

output "copy_role_arn" {
  description = "Role that COPY names."
  value       = aws_iam_role.copy.arn
}

output "port" {
  description = "Port that SQL clients connect to."
  value       = one(aws_redshiftserverless_workgroup.this.endpoint[*].port)
}

output "snapshot_group" {
  description = "Group of the schedule that makes snapshots, the dimension of its metrics; null without one."
  value       = one(values(aws_scheduler_schedule_group.snapshot)[*].name)
}
