# If `cmek` is set: the cell's own encryption key, in its region.

# Google never frees the name of a key ring. With this random suffix, you can create a destroyed cell again.
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

# Waits until Google's agents may use the key. Other resources take the key from here, so they wait too.
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
