output "project_name" {
  description = "Prefix of all names."
  value       = module.datavault.project_name
}

output "region" {
  description = "Region of the stack."
  value       = module.datavault.region
}

output "endpoint_url" {
  description = "Address of the local cloud; null on AWS."
  value       = module.datavault.endpoint_url
}

output "raw_bucket" {
  description = "Where producers put their objects, under `<dataset>/`."
  value       = module.datavault.raw_bucket
}

output "processed_bucket" {
  description = "Parquet, receipts, manifests and seals."
  value       = module.datavault.processed_bucket
}

output "quarantine_bucket" {
  description = "Bad records and failed batches."
  value       = module.datavault.quarantine_bucket
}

output "raw_queue_url" {
  description = "Queue of raw objects to process."
  value       = module.datavault.raw_queue_url
}

output "raw_dlq_url" {
  description = "Raw objects that the processor gave up."
  value       = module.datavault.raw_dlq_url
}

output "held_queue_url" {
  description = "Raw objects of paused data sets."
  value       = module.datavault.held_queue_url
}

output "parquet_queue_url" {
  description = "Queue of Parquet objects to load."
  value       = module.datavault.parquet_queue_url
}

output "parquet_dlq_url" {
  description = "Parquet objects that the loader gave up."
  value       = module.datavault.parquet_dlq_url
}

output "stream_name" {
  description = "Stream of chunks."
  value       = module.datavault.stream_name
}

output "functions" {
  description = "Name of each stage's function."
  value       = module.datavault.functions
}

output "workgroup" {
  description = "Workgroup of the warehouse."
  value       = module.datavault.workgroup
}

output "database" {
  description = "Database of the warehouse."
  value       = module.datavault.database
}

output "warehouse_port" {
  description = "Port of the local warehouse, for any SQL client on 127.0.0.1; null on AWS."
  value       = module.datavault.warehouse_port
}

output "datasets" {
  description = "Data sets that have a contract."
  value       = module.datavault.datasets
}

output "warehouse_secret_arn" {
  description = "Secret of the warehouse's administrator; who may read it may query as him."
  value       = module.datavault.warehouse_secret_arn
}

output "raw_retention_days" {
  description = "Days that raw objects and quarantined records are kept."
  value       = module.datavault.raw_retention_days
}
