# The bundled Terraform rules, all of them. `scripts/tool tflint --recursive --config "$PWD/.tflint.hcl"`
plugin "terraform" {
  enabled = true
  preset  = "all"
}

# A module is named by its folder; versions live in versions.tf, roots of one screen in main.tf.
rule "terraform_standard_module_structure" {
  enabled = false
}
