# Secrets, stored in the cell's region only. Their values are write-only, so neither the state nor a plan
# contains them.

resource "google_secret_manager_secret" "this" {
  for_each = toset(["callers", "closed", "partners", "pseudonym", "viewers"])

  secret_id = "${local.prefix}-${each.key}"
  # Without the closed list or the pseudonym key, a cell cannot work, and neither can be created again. So
  # Google disables a destroyed version for 30 days before it deletes the version (docs/operations.md).
  # The other secrets have no such delay: Terraform can write them again from the variables, and a signing
  # secret that you remove must be gone at once.
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
  # Terraform cannot compare a write-only value. It writes the secret again when this number changes.
  partners_version = parseint(substr(sha256(jsonencode([
    var.partners,
    { for name in keys(var.partners) : name => var.signing_versions[name] },
  ])), 0, 12), 16)
}

# Terraform creates the new version before it destroys the old one. `receive` reads the newest version
# every minute.
resource "google_secret_manager_secret_version" "partners" {
  secret                 = google_secret_manager_secret.this["partners"].id
  secret_data_wo_version = local.partners_version
  secret_data_wo = jsonencode({
    partners = {
      for name, partner in var.partners : name => merge(
        # Leave out `request_ids` if it is false, so that more partners fit into the secret.
        { for member, value in partner : member => value if member != "request_ids" || partner.request_ids },
        { for member, secrets in { signing_secrets = lookup(var.signing_secrets, name, []) } : member => secrets if length(secrets) > 0 },
      )
    }
  })

  lifecycle {
    create_before_destroy = true
  }
}

# The pseudonym key, from which functions compute user keys. Each `pseudonym_key_version` has a version of
# the secret. Terraform never replaces a version.
#
# Every version but the first contains the time of receipt from which events use it, 24 hours after it
# was created. By then, every function has the version, so an erasure can compute all user keys that the
# rows of a person may have (functions/secrets/pseudonym_keys.py).
locals {
  key_notice = "24h"
}

resource "google_secret_manager_secret_version" "pseudonym" {
  for_each = toset([for version in range(1, var.settings.pseudonym_key_version + 1) : tostring(version)])

  secret                 = google_secret_manager_secret.this["pseudonym"].id
  secret_data_wo_version = tonumber(each.key)
  # 32 bytes from three random UUIDs, which have 366 random bits. Each run of Terraform makes other bytes,
  # but sends them only when it creates the version. They are stored in the secret only.
  secret_data_wo = join(" ", concat(
    [base64sha256("${uuid()}${uuid()}${uuid()}")],
    each.key == "1" ? [] : [timeadd(timestamp(), local.key_notice)],
  ))
  deletion_policy = "PREVENT"

  lifecycle {
    prevent_destroy = true
  }
}

# The closed list. Terraform creates the first version, which is empty; the function `privacy` adds the
# later ones. If somebody destroys the first version, the next apply creates another empty list as the
# newest version. From its two times, the functions see that it is not the first list. They refuse it
# until the next sweep writes the last list again (functions/secrets/closed_partners.py).
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
  # The versions of each secret that functions mount: secret -> file name -> version.
  volumes = merge(
    # Functions read these files again and again, and always get the newest version.
    { for name in ["callers", "closed", "partners", "viewers"] : name => { "${name}.json" = "latest" } },
    # All versions of the key, each in a file of its own, because old rows have keys of old versions.
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

# Lets a function add versions to a secret. With this role, it cannot read or change existing versions.
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
