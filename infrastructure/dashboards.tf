# Two dashboards: how fast and well it works, and what it does for whom. Their graphs follow the functions and the contracts.

resource "aws_cloudwatch_dashboard" "this" {
  for_each = { performance = local.performance_graphs, business = local.business_graphs }

  dashboard_name = "${var.project_name}-${each.key}"

  # Two graphs a row, in the order given.
  dashboard_body = jsonencode({
    widgets = [for index, graph in each.value : {
      type   = "metric"
      x      = 12 * (index % 2)
      y      = 6 * floor(index / 2)
      width  = 12
      height = 6
      properties = merge(
        {
          title   = graph.title
          region  = local.region
          view    = "timeSeries"
          stat    = try(graph.statistic, "Sum")
          period  = try(graph.period_seconds, 300)
          metrics = graph.metrics
        },
        { for label in try(graph.label, null)[*] : "yAxis" => { left = { label = label, showUnits = false } } },
        { for threshold in try(graph.threshold, null)[*] : "annotations" => { horizontal = [{ label = "promised", value = threshold }] } },
      )
    }]
  })
}

locals {
  # Metrics in CloudWatch's own notation: namespace, metric, dimension, value, …, options; a leading "." repeats.
  function_metrics = { for metric in ["Duration", "Errors", "Throttles", "ConcurrentExecutions"] :
    metric => [for stage, function in local.stages : ["AWS/Lambda", metric, "FunctionName", function, { label = stage }]]
  }

  performance_graphs = concat(
    [for stage, function in local.stages : {
      title     = "${stage}: duration of an invocation"
      statistic = "p50"
      label     = "milliseconds"
      metrics = [for percentile in ["p50", "p95", "p99"] :
        ["AWS/Lambda", "Duration", "FunctionName", function, { stat = percentile, label = percentile }]
      ]
    }],
    [
      { title = "Failed invocations", metrics = local.function_metrics["Errors"] },
      { title = "Refused invocations (throttles)", metrics = local.function_metrics["Throttles"] },
      { title = "Invocations at once", statistic = "Maximum", metrics = local.function_metrics["ConcurrentExecutions"] },
      {
        title     = "Oldest chunk in the stream"
        statistic = "Maximum"
        label     = "milliseconds"
        threshold = local.latency_seconds * 1000
        metrics   = [["AWS/Kinesis", "GetRecords.IteratorAgeMilliseconds", "StreamName", module.chunks.name]]
      },
      {
        title = "Stream: bytes in, and writes refused"
        metrics = [
          ["AWS/Kinesis", "IncomingBytes", "StreamName", module.chunks.name],
          ["AWS/Kinesis", "WriteProvisionedThroughputExceeded", "StreamName", module.chunks.name, { yAxis = "right" }],
        ]
      },
      {
        title     = "Oldest event in each queue"
        statistic = "Maximum"
        label     = "seconds"
        metrics = [for queue in concat([module.raw_events.name, module.parquet_events.name, aws_sqs_queue.held.name], values(module.large_objects)[*].name) :
          ["AWS/SQS", "ApproximateAgeOfOldestMessage", "QueueName", queue]
        ]
      },
      {
        title   = "Given up, waiting for a person"
        metrics = [for queue in concat([module.raw_events.dead_letter_name, module.parquet_events.dead_letter_name], values(module.large_objects)[*].dead_letter_name) : ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", queue, { stat = "Maximum" }]]
      },
      {
        title     = "Warehouse: capacity and queries"
        statistic = "Average"
        metrics = [
          ["AWS/Redshift-Serverless", "ComputeCapacity", "Workgroup", module.warehouse.workgroup_name],
          ["AWS/Redshift-Serverless", "QueriesCompletedPerSecond", "Workgroup", module.warehouse.workgroup_name, "LatencyRange", "Short", { yAxis = "right" }],
        ]
      },
    ],
  )

  # What a function counts for a data set (lambdas/datavault/observe.py).
  dataset_metrics = { for metric, stage in {
    RecordsValid          = "processor"
    RecordsQuarantined    = "processor"
    RowsLoaded            = "loader"
    OldestUnloadedSeconds = "auditor"
    RecordsUnaccounted    = "auditor"
    } : metric => [for dataset in local.datasets :
    [local.metrics_namespace, metric, "service", stage, "dataset", dataset, { label = dataset }]
  ] }

  business_graphs = concat(
    [
      { title = "Valid records", metrics = local.dataset_metrics["RecordsValid"], period_seconds = 3600 },
      { title = "Quarantined records", metrics = local.dataset_metrics["RecordsQuarantined"], period_seconds = 3600 },
      { title = "Rows loaded into the warehouse", metrics = local.dataset_metrics["RowsLoaded"], period_seconds = 3600 },
      {
        title     = "Records that are neither in the warehouse nor in quarantine"
        statistic = "Maximum"
        metrics   = local.dataset_metrics["RecordsUnaccounted"]
      },
    ],
    # One a data set: each has its own promise, and its own share of bad records.
    [for dataset in local.datasets : {
      title     = "${dataset}: age of the oldest object that is not loaded"
      statistic = "Maximum"
      label     = "seconds"
      threshold = local.promised_seconds[dataset]
      metrics   = [[local.metrics_namespace, "OldestUnloadedSeconds", "service", "auditor", "dataset", dataset]]
    }],
    [for dataset in local.datasets : {
      title          = "${dataset}: share of bad records"
      label          = "percent"
      period_seconds = 3600
      threshold      = try(100 * local.bad_shares[dataset], null)
      metrics = [
        [{ expression = "100 * bad / (bad + good)", label = "bad" }],
        [local.metrics_namespace, "RecordsQuarantined", "service", "processor", "dataset", dataset, { id = "bad", visible = false }],
        [local.metrics_namespace, "RecordsValid", "service", "processor", "dataset", dataset, { id = "good", visible = false }],
      ]
    }],
    local.cost_graphs,
  )
}
