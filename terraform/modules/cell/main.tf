# The names and places that the other files share.
locals {
  region   = var.settings.region
  prefix   = "chat-${var.name}"
  store_id = "chat_${var.name}_store"
  bi_id    = "chat_${var.name}"

  # What holds data or keys. PREVENT makes a plan that would destroy it fail.
  deletion_policy = var.deletion_protection ? "PREVENT" : "DELETE"

  # An account's address is known before the account is there.
  accounts_domain = "${var.project_id}.iam.gserviceaccount.com"

  # In the region, so that TLS ends there too.
  pubsub_endpoint         = "https://${local.region}-pubsub.googleapis.com:443"
  storage_endpoint        = "https://storage.${local.region}.rep.googleapis.com"
  secrets_endpoint        = "https://secretmanager.googleapis.com" # regional ones have regional secrets only
  bigquery_host           = var.bigquery_endpoint ? "bigquery.${local.region}.rep.googleapis.com" : "bigquery.googleapis.com"
  bigquery_write_endpoint = var.bigquery_endpoint ? "https://bigquerystorage.${local.region}.rep.googleapis.com:443" : "https://bigquerystorage.googleapis.com:443"
}
