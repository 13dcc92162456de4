output "project_name" {
  description = "Prefix of all names."
  value       = var.project_name
}

output "region" {
  description = "Region of the stack."
  value       = local.region
}

output "endpoint_url" {
  description = "Address of the local cloud; null on AWS."
  value       = var.endpoint_url
}

output "raw_bucket" {
  description = "Where producers put their objects, under `<dataset>/`."
  value       = module.raw.name
}

output "processed_bucket" {
  description = "Parquet, receipts, manifests and seals."
  value       = module.processed.name
}

output "quarantine_bucket" {
  description = "Bad records and failed batches."
  value       = module.quarantine.name
}

output "raw_queue_url" {
  description = "Queue of raw objects to process."
  value       = module.raw_events.url
}

output "raw_dlq_url" {
  description = "Raw objects that the processor gave up."
  value       = module.raw_events.dead_letter_url
}

output "held_queue_url" {
  description = "Raw objects of paused data sets."
  value       = aws_sqs_queue.held.url
}

output "worker" {
  description = "The worker's role, for its pod identity, and the queue of large objects; null where there is none."
  value = one([for key, queue in module.large_objects : {
    role_arn   = aws_iam_role.worker[key].arn
    queue_url  = queue.url
    queue_name = queue.name
    dlq_url    = queue.dead_letter_url
  }])

  # Who takes the role finds it able to work.
  depends_on = [aws_iam_role_policy.worker]
}

output "parquet_queue_url" {
  description = "Queue of Parquet objects to load."
  value       = module.parquet_events.url
}

output "parquet_dlq_url" {
  description = "Parquet objects that the loader gave up."
  value       = module.parquet_events.dead_letter_url
}

output "stream_name" {
  description = "Stream of chunks."
  value       = module.chunks.name
}

output "functions" {
  description = "Name of each stage's function."
  value = {
    processor  = module.processor.name
    enrichment = module.enrichment.name
    loader     = module.loader.name
    auditor    = module.auditor.name
    migrator   = module.migrator.name
  }
}

output "rollout_application" {
  description = "CodeDeploy's application, with a deployment group for each stage; null where functions change in the apply."
  value       = one(values(aws_codedeploy_app.this)[*].name)
}

output "workgroup" {
  description = "Workgroup of the warehouse."
  value       = module.warehouse.workgroup_name
}

output "database" {
  description = "Database of the warehouse."
  value       = module.warehouse.database
}

output "warehouse_port" {
  description = "Port of the local warehouse, for any SQL client on 127.0.0.1; null on AWS."
  value       = var.endpoint_url == null ? null : module.warehouse.port
}

output "datasets" {
  description = "Data sets that have a contract."
  value       = local.datasets
}

output "warehouse_roles" {
  description = "IAM roles to read the warehouse with, by what they may read; who may assume one may query as it."
  value       = { for role, people in aws_iam_role.people : role => people.arn }

  # Who takes one finds it able to read.
  depends_on = [aws_iam_role_policy.people, aws_lambda_invocation.migrate]
}

output "masking_secret_arn" {
  description = "Secret with the keys of masked columns, for who may read it."
  value       = module.masking_key.secret_arn
}

output "raw_retention_days" {
  description = "Days that raw objects and quarantined records are kept where their contract does not say."
  value       = var.raw_retention_days
}

output "object_reader_policy_arn" {
  description = "Policy for roles of people who read Parquet objects: each as far as the role's tag `datavault-clearance` goes."
  value       = aws_iam_policy.object_reader.arn
}

output "platform" {
  description = "The cluster, where its images go, the service network, and the security group that opens the API server; null without a platform."
  value = one([for key, cluster in module.cluster : {
    cluster_name               = cluster.name
    operator_security_group_id = cluster.operator_security_group_id
    repository_url             = module.registry[key].url
    service_network            = module.mesh[key].name
  }])
}
