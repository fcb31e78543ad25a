# A key of the cell's own, in its region, where `cmek` asks for it.

# A key ring's name can never be used again: the suffix lets you create a destroyed cell again.
resource "random_id" "key_ring" {
  count       = var.settings.cmek ? 1 : 0
  byte_length = 3
}

resource "google_kms_key_ring" "cell" {
  count    = var.settings.cmek ? 1 : 0
  name     = "${local.prefix}-${random_id.key_ring[0].hex}"
  location = local.region

  lifecycle {
    prevent_destroy = true
  }
}

resource "google_kms_crypto_key" "cell" {
  count                      = var.settings.cmek ? 1 : 0
  name                       = local.prefix
  key_ring                   = google_kms_key_ring.cell[0].id
  rotation_period            = "7776000s" # 90 days
  destroy_scheduled_duration = "2592000s" # 30 days
  deletion_policy            = "PREVENT"
  labels                     = var.labels

  lifecycle {
    prevent_destroy = true
  }
}

resource "google_kms_crypto_key_iam_member" "agent" {
  for_each = var.settings.cmek ? var.agents.encrypting : {}

  crypto_key_id = google_kms_crypto_key.cell[0].id
  role          = "roles/cloudkms.cryptoKeyEncrypterDecrypter"
  member        = each.value
}

# Whoever takes the key from here waits until the agents may use it.
resource "time_sleep" "key_grants" {
  count           = var.settings.cmek ? 1 : 0
  create_duration = "60s"
  triggers        = { key = google_kms_crypto_key.cell[0].id }
  depends_on      = [google_kms_crypto_key_iam_member.agent]
}

locals {
  kms_keys = [for wait in time_sleep.key_grants : wait.triggers.key]
  kms_key  = one(local.kms_keys)
}
