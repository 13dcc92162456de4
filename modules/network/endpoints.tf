# The only ways out. Each takes requests of this account's principals alone: keys of another account, brought inside,
# carry nothing out.

locals {
  own_buckets = {
    Sid       = "OwnBuckets"
    Effect    = "Allow"
    Principal = "*"
    Action    = ["s3:Get*", "s3:List*", "s3:PutObject", "s3:PutObjectTagging"]
    Resource  = flatten([for arn in var.bucket_arns : [arn, "${arn}/*"]])
    Condition = { StringEquals = { "aws:PrincipalAccount" = local.account_id } }
  }

  # ECR hands out signed addresses of its own: who reads is AWS's account, and reading is all that goes
  # (Amazon ECR User Guide, "Create the Amazon S3 gateway endpoint").
  image_layers = {
    Sid       = "LayersOfImages"
    Effect    = "Allow"
    Principal = "*"
    Action    = "s3:GetObject"
    Resource  = "arn:${local.partition}:s3:::prod-${local.region}-starport-layer-bucket/*"
  }
}

resource "aws_vpc_endpoint" "s3" {
  vpc_id            = aws_vpc.this.id
  service_name      = "com.amazonaws.${local.region}.s3"
  vpc_endpoint_type = "Gateway"
  route_table_ids   = [aws_route_table.private.id]

  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = concat([local.own_buckets], var.pulls_images ? [local.image_layers] : [])
  })

  tags = { Name = "${var.name}-s3" }
}

resource "aws_vpc_endpoint" "interface" {
  for_each = var.interface_services

  vpc_id              = aws_vpc.this.id
  service_name        = "com.amazonaws.${local.region}.${each.key}"
  vpc_endpoint_type   = "Interface"
  private_dns_enabled = true
  subnet_ids          = [for subnet in aws_subnet.private : subnet.id]
  security_group_ids  = [aws_security_group.this["endpoints"].id]

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "OwnPrincipals"
      Effect    = "Allow"
      Principal = "*"
      Action    = "${each.value}:*"
      Resource  = "*"
      Condition = { StringEquals = { "aws:PrincipalAccount" = local.account_id } }
    }]
  })

  tags = { Name = "${var.name}-${each.key}" }
}
