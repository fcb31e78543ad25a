# The names and endpoints that the other files share.
#
# Resources that hold data or keys are protected twice. `prevent_destroy` refuses a plan that would
# destroy or replace them. If somebody removes a resource's block from the configuration, its
# `deletion_policy` or `deletion_protection` still refuses the deletion. "Destroying" in
# terraform/README.md says how to delete these resources on purpose.
locals {
  region   = var.settings.region
  prefix   = "chat-${var.name}"
  store_id = "chat_${var.name}_store"
  bi_id    = "chat_${var.name}"

  # With this domain, the address of an account is known before Terraform creates the account.
  accounts_domain = "${var.project_id}.iam.gserviceaccount.com"

  # Regional endpoints, so that requests are decrypted in the region.
  pubsub_endpoint         = "https://${local.region}-pubsub.googleapis.com:443"
  storage_endpoint        = "https://storage.${local.region}.rep.googleapis.com"
  secrets_endpoint        = "https://secretmanager.googleapis.com" # a regional endpoint has only regional secrets
  bigquery_host           = var.bigquery_endpoint ? "bigquery.${local.region}.rep.googleapis.com" : "bigquery.googleapis.com"
  bigquery_write_endpoint = var.bigquery_endpoint ? "https://bigquerystorage.${local.region}.rep.googleapis.com:443" : "https://bigquerystorage.googleapis.com:443"
}
