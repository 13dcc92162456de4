# What somebody asks the logs at three in the morning, ready in CloudWatch Logs Insights under the project's name.

resource "aws_cloudwatch_query_definition" "this" {
  for_each = local.queries

  name            = "${var.project_name}/${each.key}"
  log_group_names = [for stage in sort(keys(local.log_groups)) : local.log_groups[stage]]
  query_string    = join("\n| ", each.value)
}

locals {
  log_groups = {
    auditor    = module.auditor.log_group_name
    enrichment = module.enrichment.log_group_name
    loader     = module.loader.log_group_name
    migrator   = module.migrator.log_group_name
    processor  = module.processor.log_group_name
  }

  # Lines of the functions have `service`, `level`, `message`, `correlation_id`; Lambda's own have `type` and `record`
  # (https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-logformat.html).
  queries = {
    # PUT-THE-OBJECT-ID-HERE is what receipts, rows and `datavault audit` call an object.
    one-object = [
      "fields @timestamp, service, level, message, dataset, key, rows",
      "filter @message like /PUT-THE-OBJECT-ID-HERE/",
      "sort @timestamp asc",
    ]
    failures = [
      "filter level in [\"ERROR\", \"CRITICAL\"] or type = \"platform.runtimeDone\" and record.status != \"success\"",
      "stats count(*) as times, latest(@timestamp) as last by service, message, exception_name, record.status",
      "sort times desc",
    ]
    bad-records = [
      "filter service = \"processor\" and RecordsQuarantined > 0",
      "fields @timestamp, dataset, correlation_id, RecordsValid, RecordsQuarantined, message",
      "sort RecordsQuarantined desc",
    ]
    durations = [
      "filter type = \"platform.report\"",
      "stats pct(record.metrics.durationMs, 50) as p50, pct(record.metrics.durationMs, 95) as p95, pct(record.metrics.durationMs, 99) as p99 by @log, bin(5m)",
      "sort @log asc",
    ]
    cold-starts = [
      "filter type = \"platform.report\" and ispresent(record.metrics.initDurationMs)",
      "stats count(*) as starts, avg(record.metrics.initDurationMs) as mean_ms, max(record.metrics.initDurationMs) as longest_ms by @log",
    ]
    memory = [
      "filter type = \"platform.report\"",
      "stats max(record.metrics.maxMemoryUsedMB) as used_mb, max(record.metrics.memorySizeMB) as size_mb by @log",
    ]
  }
}
