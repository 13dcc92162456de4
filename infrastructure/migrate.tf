# The loader brings the warehouse's tables to the contracts, so that one apply gives a pipeline ready for data.
# A breaking change is refused there, and fails the apply with the loader's words.
# The contracts travel in the zip: its hash, not theirs, says when there may be something to do. Done twice does no harm.
resource "aws_lambda_invocation" "migrate" {
  function_name = module.loader.name
  input         = jsonencode({ action = "migrate" })

  triggers = {
    package   = module.loader.package_hash
    namespace = module.warehouse.namespace_id
    workgroup = module.warehouse.workgroup_id
  }
}
