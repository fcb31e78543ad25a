# The names and places that the other files share.
#
# What holds data or keys has `prevent_destroy`, which refuses a plan that would destroy or replace it,
# and PREVENT or `deletion_protection`, which refuse the deletion itself should its block be taken
# out of the configuration. terraform/README.md tells how to let it go ("Destroying").
locals {
  region   = var.settings.region
  prefix   = "chat-${var.name}"
  store_id = "chat_${var.name}_store"
  bi_id    = "chat_${var.name}"

  # An account's address is known before the account is there.
  accounts_domain = "${var.project_id}.iam.gserviceaccount.com"

  # In the region, so that TLS ends there too.
  pubsub_endpoint         = "https://${local.region}-pubsub.googleapis.com:443"
  storage_endpoint        = "https://storage.${local.region}.rep.googleapis.com"
  secrets_endpoint        = "https://secretmanager.googleapis.com" # regional ones have regional secrets only
  bigquery_host           = var.bigquery_endpoint ? "bigquery.${local.region}.rep.googleapis.com" : "bigquery.googleapis.com"
  bigquery_write_endpoint = var.bigquery_endpoint ? "https://bigquerystorage.${local.region}.rep.googleapis.com:443" : "https://bigquerystorage.googleapis.com:443"
}
