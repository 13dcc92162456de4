# Graviton nodes, one group over all subnets. As many as are asked for: nothing here adds one, and so nothing adds to the bill.

# Auto Scaling makes the instances, and knows nothing of the provider's default tags. The budget counts by them.
data "aws_default_tags" "current" {}

resource "aws_launch_template" "nodes" {
  name                   = "${var.name}-nodes"
  description            = "Nodes of the cluster ${var.name}."
  update_default_version = true
  vpc_security_group_ids = [aws_security_group.this["nodes"].id]

  # With one hop a pod does not reach the node's credentials: it has its own, by Pod Identity, or none.
  metadata_options {
    http_endpoint               = "enabled"
    http_tokens                 = "required"
    http_put_response_hop_limit = 1
  }

  block_device_mappings {
    device_name = "/dev/xvda" # the root volume of Amazon Linux

    ebs {
      volume_type           = "gp3"
      volume_size           = var.nodes.volume_gb
      encrypted             = true
      kms_key_id            = var.kms_key_arn
      delete_on_termination = true
    }
  }

  dynamic "tag_specifications" {
    for_each = toset(["instance", "network-interface", "volume"])

    content {
      resource_type = tag_specifications.key
      tags          = merge(data.aws_default_tags.current.tags, { Name = "${var.name}-node" })
    }
  }
}

resource "aws_eks_node_group" "this" {
  cluster_name    = aws_eks_cluster.this.name
  node_group_name = "nodes"
  node_role_arn   = aws_iam_role.this["nodes"].arn
  subnet_ids      = var.subnet_ids
  version         = aws_eks_cluster.this.version
  ami_type        = "AL2023_ARM_64_STANDARD"
  capacity_type   = "ON_DEMAND"
  instance_types  = [var.nodes.instance_type]

  launch_template {
    id      = aws_launch_template.nodes.id
    version = aws_launch_template.nodes.latest_version
  }

  scaling_config {
    min_size     = var.nodes.count
    desired_size = var.nodes.count
    max_size     = var.nodes.count
  }

  update_config {
    max_unavailable = 1
  }

  node_repair_config {
    enabled = true
  }

  # A node that starts before it has a network, an identity for it and a way to AWS never becomes ready.
  depends_on = [
    aws_eks_addon.daemon,
    aws_iam_role_policy_attachment.this,
    aws_vpc_security_group_egress_rule.this,
    aws_vpc_security_group_ingress_rule.this,
  ]
}
