# The data sets are the folders under contracts/: adding one there and applying is all that it takes.

locals {
  contracts_dir = coalesce(var.contracts_dir, "${path.module}/../contracts")
  contracts = { for file in fileset(local.contracts_dir, "*/contract.odcs.yaml") :
    dirname(file) => yamldecode(file("${local.contracts_dir}/${file}"))
  }
  datasets = sort(keys(local.contracts))

  # Days and seconds of a promise; units as in the Open Data Contract Standard.
  unit_seconds = {
    s    = 1, second = 1, seconds = 1, m = 60, minute = 60, minutes = 60, h = 3600, hour = 3600, hours = 3600,
    d    = 86400, day = 86400, days = 86400, w = 604800, week = 604800, weeks = 604800,
    y    = 31536000, year = 31536000, years = 31536000,
    true = 31536000, # yamldecode reads YAML 1.1, where a bare y means true.
  }
  # `retention` is a promise about what consumers read, unless it names the schema object of what producers send.
  promises = { for dataset, contract in local.contracts : dataset => { for promise in try(contract.slaProperties, []) :
    promise.property == "retention" && try(promise.element, dataset) == "${dataset}_raw" ? "raw_retention" : promise.property =>
    promise.value * local.unit_seconds[tostring(promise.unit)]
    if contains(["latency", "retention"], promise.property)
  } }

  # The share of bad records that a contract allows, where it says one.
  bad_shares = { for dataset, contract in local.contracts : dataset => one([
    for option in try(contract.customProperties, []) : option.value if option.property == "maxBadShare"
    ]) if anytrue([for option in try(contract.customProperties, []) : option.property == "maxBadShare"])
  }

  # The strictest promise from raw object to warehouse; 15 minutes where nobody promised anything.
  latency_seconds = min(900, [for promise in local.promises : promise.latency if can(promise.latency)]...)

  # A third of the promise to gather objects, so that one failed load and its retry fit into the rest; 300 is Lambda's
  # limit. Each load wakes the warehouse for 60 s at least: at 4 RPU, every 5 minutes is $219 a month, every 15 would be
  # $73, always awake $1,095 (docs/operations/cost.md).
  loader_window_seconds = coalesce(var.loader_window_seconds, min(300, floor(local.latency_seconds / 3)))
}
