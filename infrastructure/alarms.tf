# What must wake somebody. Every name is the name of a runbook; every threshold has its reason.

module "observability" {
  source = "../modules/observability"

  name        = var.project_name
  kms_key_arn = module.operations_key.arn
  emails      = var.alarm_emails
  runbooks    = "docs/operations/runbooks"
  rule_arns   = local.finding_rule_arns
  alarms      = merge(local.dead_letter_alarms, local.function_alarms, local.stream_alarms, local.invariant_alarms, local.auditor_alarms, local.breaker_alarms, local.snapshot_alarms)
}

locals {
  stages = {
    processor  = module.processor.name
    enrichment = module.enrichment.name
    loader     = module.loader.name
    auditor    = module.auditor.name
    migrator   = module.migrator.name
  }

  # One dead letter is one object that is not in the warehouse. SQS is silent about an idle queue.
  dead_letter_alarms = { for stage, queue in merge(
    {
      processor = module.raw_events.dead_letter_name
      loader    = module.parquet_events.dead_letter_name
      auditor   = aws_sqs_queue.auditor_dead_letter.name
    },
    { for queue in values(module.large_objects) : "worker" => queue.dead_letter_name },
    ) : "${stage}-dlq" => {
    description  = "The ${stage} gave up at least one object; it waits in ${queue}."
    namespace    = "AWS/SQS"
    metric       = "ApproximateNumberOfMessagesVisible"
    dimensions   = { QueueName = queue }
    statistic    = "Maximum"
    above        = 0
    missing_data = "notBreaching"
  } }

  # One failed invocation is retried and is no news; three bad minutes in a quarter of an hour are not chance.
  # A function that nobody calls has no metrics.
  function_alarms = merge([for stage, function in local.stages : {
    "${stage}-errors" = {
      description         = "Invocations of the ${stage} fail again and again."
      namespace           = "AWS/Lambda"
      metric              = "Errors"
      dimensions          = { FunctionName = function }
      evaluation_periods  = 15
      datapoints_to_alarm = 3
      above               = 0
      missing_data        = "notBreaching"
    }
    "${stage}-throttles" = {
      description         = "Lambda refuses invocations of the ${stage}: the account's concurrency is used up."
      namespace           = "AWS/Lambda"
      metric              = "Throttles"
      dimensions          = { FunctionName = function }
      evaluation_periods  = 15
      datapoints_to_alarm = 3
      above               = 0
      missing_data        = "notBreaching"
    }
  }]...)

  stream_alarms = {
    # Half of the strictest promise spent in the stream alone: there is still time to keep it.
    enrichment-iterator-age = {
      description         = "The enrichment falls behind: the oldest chunk in the stream waits too long."
      namespace           = "AWS/Kinesis"
      metric              = "GetRecords.IteratorAgeMilliseconds"
      dimensions          = { StreamName = module.chunks.name }
      statistic           = "Maximum"
      evaluation_periods  = 5
      datapoints_to_alarm = 3
      above               = local.latency_seconds * 1000 / 2
      missing_data        = "notBreaching"
    }

    # Any: these chunks are not in the warehouse until somebody replays them.
    enrichment-failures = {
      description  = "The enrichment gave up at least one chunk; it lies in the failure store."
      namespace    = "AWS/Lambda"
      metric       = "OnFailureDestinationDeliveredEventCount"
      dimensions   = { EventSourceMappingUUID = module.enrichment.stream_mapping_ids["chunks"] }
      above        = 0
      missing_data = "notBreaching"
    }

    # Any: given up, and not even kept. The stream still has it until its retention ends.
    enrichment-dropped = {
      description  = "A chunk was dropped without reaching the failure store; only the stream still has it."
      namespace    = "AWS/Lambda"
      metric       = "DroppedEventCount"
      dimensions   = { EventSourceMappingUUID = module.enrichment.stream_mapping_ids["chunks"] }
      above        = 0
      missing_data = "notBreaching"
    }
  }

  # What the functions count themselves; one is one too many.
  invariant_alarms = { for name, alarm in {
    processor-write-once-conflict  = { stage = "processor", metric = "WriteOnceConflict", says = "An object exists under a name of the processor's with other bytes." }
    enrichment-write-once-conflict = { stage = "enrichment", metric = "WriteOnceConflict", says = "An object exists under a name of the enrichment's with other bytes." }
    enrichment-chunks-set-aside    = { stage = "enrichment", metric = "ChunksSetAside", says = "A chunk cannot be enriched; it lies in the quarantine bucket under failed-chunks/." }
    loader-loads-set-aside         = { stage = "loader", metric = "LoadsSetAside", says = "Redshift does not take a Parquet object; its words lie in the quarantine bucket under failed-loads/." }
    loader-chunks-refused          = { stage = "loader", metric = "ChunksRefused", says = "A chunk overlaps rows that are already loaded and was refused." }
    } : name => {
    description  = alarm.says
    namespace    = local.metrics_namespace
    metric       = alarm.metric
    dimensions   = { service = alarm.stage }
    above        = 0
    missing_data = "notBreaching"
  } }

  breaker_alarms = merge(
    {
      # A paused data set stands still until somebody looks.
      processor-held = {
        description  = "Objects of a paused data set wait in ${aws_sqs_queue.held.name} until somebody resumes it."
        namespace    = "AWS/SQS"
        metric       = "ApproximateNumberOfMessagesVisible"
        dimensions   = { QueueName = aws_sqs_queue.held.name }
        statistic    = "Maximum"
        above        = 0
        missing_data = "notBreaching"
      }

      # Four days before SQS deletes them, a long weekend included.
      processor-held-age = {
        description  = "SQS deletes the oldest held event within four days."
        namespace    = "AWS/SQS"
        metric       = "ApproximateAgeOfOldestMessage"
        dimensions   = { QueueName = aws_sqs_queue.held.name }
        statistic    = "Maximum"
        above        = (local.held_retention_days - 4) * 86400
        missing_data = "notBreaching"
      }
    },
    # A quarter of an hour of records, and a hundred of them at least (as the breaker itself, breaker.py): a few bad
    # lines in a quiet hour wake nobody.
    { for dataset, share in local.bad_shares : "processor-bad-share-${dataset}" => {
      description    = "More than ${format("%g", share * 100)} % of the records of ${dataset} are bad."
      runbook        = "processor-bad-share"
      namespace      = local.metrics_namespace
      dimensions     = { service = "processor", dataset = dataset }
      metrics        = { bad = "RecordsQuarantined", good = "RecordsValid" }
      expression     = "IF(bad + good >= 100, bad / (bad + good), 0)"
      period_seconds = 900
      above          = share
      missing_data   = "notBreaching"
    } },
  )

  # A backup that is not made is missed on the day when it is needed.
  snapshot_alarms = { for snapshot in var.warehouse.snapshot[*] : "warehouse-snapshot" => {
    description  = "A snapshot of the warehouse was not made: Redshift refused it until Scheduler gave up."
    namespace    = "AWS/Scheduler"
    metric       = "InvocationDroppedCount"
    dimensions   = { ScheduleGroup = module.warehouse.snapshot_group }
    above        = 0
    missing_data = "notBreaching"
  } }
}
