# Secrets, replicated in the region only. Their values are write-only: no state and no plan has them.

resource "google_secret_manager_secret" "this" {
  for_each = toset(["callers", "closed", "partners", "pseudonym", "viewers"])

  secret_id = "${local.prefix}-${each.key}"
  # What cannot be created again is disabled for 30 days before it is destroyed (docs/operations.md).
  # What an apply writes again is not: a signing secret that is taken away is meant to be gone.
  version_destroy_ttl = contains(["closed", "pseudonym"], each.key) ? "2592000s" : null
  deletion_policy     = "PREVENT"
  deletion_protection = true
  labels              = var.labels

  replication {
    user_managed {
      replicas {
        location = local.region
        dynamic "customer_managed_encryption" {
          for_each = local.kms_keys
          content {
            kms_key_name = customer_managed_encryption.value
          }
        }
      }
    }
  }

  lifecycle {
    prevent_destroy = true
  }
}

locals {
  # What a change of the partners' secret is recognised by: a write-only value itself cannot be.
  partners_version = parseint(substr(sha256(jsonencode([
    var.partners,
    { for name in keys(var.partners) : name => var.signing_versions[name] },
  ])), 0, 12), 16)
}

# A new version takes the place of the old one; the receiver reads the newest every minute.
resource "google_secret_manager_secret_version" "partners" {
  secret                 = google_secret_manager_secret.this["partners"].id
  secret_data_wo_version = local.partners_version
  secret_data_wo = jsonencode({
    partners = {
      for name, partner in var.partners : name => merge(
        # Without what is false, so that more partners fit.
        { for member, value in partner : member => value if member != "request_ids" || partner.request_ids },
        { for member, secrets in { signing_secrets = lookup(var.signing_secrets, name, []) } : member => secrets if length(secrets) > 0 },
      )
    }
  })

  lifecycle {
    create_before_destroy = true
  }
}

# The key of the user keys: a version for each key space, none ever replaced.
#
# A version that is added says from when it is used, for events received from then on. By then every
# function has it, so an erasure knows the keys that rows of before it can have
# (functions/secrets/pseudonym_keys.py).
locals {
  key_notice = "24h"
}

resource "google_secret_manager_secret_version" "pseudonym" {
  for_each = toset([for version in range(1, var.settings.pseudonym_key_version + 1) : tostring(version)])

  secret                 = google_secret_manager_secret.this["pseudonym"].id
  secret_data_wo_version = tonumber(each.key)
  # 32 bytes from three random UUIDs (366 random bits). It is evaluated again in each run, but sent
  # only when the version is made, and kept nowhere else.
  secret_data_wo = join(" ", concat(
    [base64sha256("${uuid()}${uuid()}${uuid()}")],
    each.key == "1" ? [] : [timeadd(timestamp(), local.key_notice)],
  ))
  deletion_policy = "PREVENT"

  lifecycle {
    prevent_destroy = true
  }
}

# The partners whose offboarding has begun. The first version names none; the privacy function adds
# the later ones. If somebody destroys this version by hand, the next apply makes an empty list. Its
# two times tell the functions so, and they refuse it until the next sweep writes the last list again
# (functions/secrets/closed_partners.py).
resource "google_secret_manager_secret_version" "closed" {
  secret                 = google_secret_manager_secret.this["closed"].id
  secret_data_wo_version = 1
  secret_data_wo = jsonencode({
    partners       = {}
    made_at        = plantimestamp()
    secret_made_at = google_secret_manager_secret.this["closed"].create_time
  })
  deletion_policy = "PREVENT"

  lifecycle {
    ignore_changes  = [enabled, secret_data_wo_version]
    prevent_destroy = true
  }
}

locals {
  # What functions mount: of each secret its versions, by file name.
  volumes = merge(
    # Read again and again, so the newest version it is.
    { for name in ["callers", "closed", "partners", "viewers"] : name => { "${name}.json" = "latest" } },
    # Pinned: rows made with a key need that key for ever.
    { pseudonym = { for version, key in google_secret_manager_secret_version.pseudonym : version => key.version } },
  )
}

resource "google_secret_manager_secret_iam_member" "function" {
  for_each = merge([
    for name, function in local.functions : {
      for secret in values(function.secrets) : "${name}/${secret}" => { function = name, secret = secret }
    }
  ]...)

  secret_id = google_secret_manager_secret.this[each.value.secret].secret_id
  role      = "roles/secretmanager.secretAccessor"
  member    = google_service_account.this[each.value.function].member
}

# Functions that add versions to a secret, which is more than reading and less than changing any.
resource "google_secret_manager_secret_iam_member" "adder" {
  for_each = merge([
    for name, function in local.functions : {
      for secret in function.adds : "${name}/${secret}" => { function = name, secret = secret }
    }
  ]...)

  secret_id = google_secret_manager_secret.this[each.value.secret].secret_id
  role      = "roles/secretmanager.secretVersionAdder"
  member    = google_service_account.this[each.value.function].member
}
