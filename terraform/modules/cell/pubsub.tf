# Topics and subscriptions. Pub/Sub stores messages in the cell's region, and refuses to take or deliver
# them through another region.
locals {
  ack_deadline_seconds = 60 # also the time limit of a push
  retention_seconds    = 7 * 24 * 60 * 60
  dead_letter_seconds  = 31 * 24 * 60 * 60

  # The functions to which Pub/Sub delivers events: the path, and a filter. Without a filter, Pub/Sub
  # delivers all events.
  deliveries = {
    load    = { path = "/", filter = null }
    privacy = { path = "/stream", filter = "attributes.event = \"delete_profile_confirmed\" OR attributes.event = \"account_restored\"" }
  }
}

resource "google_pubsub_topic" "this" {
  for_each = toset(["events", "dead"])

  name            = "${local.prefix}-${each.key}"
  kms_key_name    = local.kms_key
  labels          = var.labels
  deletion_policy = "PREVENT"

  message_storage_policy {
    allowed_persistence_regions = [local.region]
    enforce_in_transit          = true
  }

  lifecycle {
    prevent_destroy = true
  }
}

resource "google_pubsub_topic_iam_member" "publisher" {
  for_each = merge([
    for name, function in local.functions : {
      for topic in function.publishes : "${name}/${topic}" => { function = name, topic = topic }
    }
  ]...)

  topic  = google_pubsub_topic.this[each.value.topic].id
  role   = "roles/pubsub.publisher"
  member = google_service_account.this[each.value.function].member
}

resource "google_pubsub_subscription" "function" {
  for_each = local.deliveries

  name                       = "${local.prefix}-${each.key}"
  topic                      = google_pubsub_topic.this["events"].id
  filter                     = each.value.filter
  ack_deadline_seconds       = local.ack_deadline_seconds
  message_retention_duration = "${local.retention_seconds}s"
  labels                     = var.labels
  deletion_policy            = "PREVENT"

  push_config {
    push_endpoint = "${google_cloudfunctions2_function.this[each.key].service_config[0].uri}${each.value.path}"

    oidc_token {
      service_account_email = google_service_account.this["push"].email
      audience              = google_cloudfunctions2_function.this[each.key].service_config[0].uri
    }
  }
  retry_policy {
    minimum_backoff = "10s"
    maximum_backoff = "600s"
  }
  dead_letter_policy {
    dead_letter_topic     = google_pubsub_topic.this["dead"].id
    max_delivery_attempts = 100
  }
  expiration_policy {
    ttl = "" # the subscription never expires, even if no event arrives for a long time
  }

  # Without these permissions, pushes would fail and use up delivery attempts.
  depends_on = [
    google_cloud_run_v2_service_iam_member.push,
    google_pubsub_subscription.dead,
    google_pubsub_topic_iam_member.dead_letters,
    google_service_account_iam_member.push_token,
  ]

  lifecycle {
    prevent_destroy = true
  }
}

# Keeps the dead letters. A topic without a subscription would lose its messages.
resource "google_pubsub_subscription" "dead" {
  name                       = "${local.prefix}-dead"
  topic                      = google_pubsub_topic.this["dead"].id
  ack_deadline_seconds       = 600 # longer than REPLAY_SECONDS, because a replay keeps the letters that it has pulled until it ends
  message_retention_duration = "${local.dead_letter_seconds}s"
  labels                     = var.labels
  deletion_policy            = "PREVENT"

  expiration_policy {
    ttl = ""
  }

  lifecycle {
    prevent_destroy = true
  }
}

# Functions that pull messages from a subscription.
resource "google_pubsub_subscription_iam_member" "function" {
  for_each = merge([
    for name, function in local.functions : {
      for subscription in function.subscribes : "${name}/${subscription}" => { function = name, subscription = subscription }
    }
  ]...)

  subscription = { dead = google_pubsub_subscription.dead.id }[each.value.subscription]
  role         = "roles/pubsub.subscriber"
  member       = google_service_account.this[each.value.function].member
}

# Pushes events to partners' own back ends. Pub/Sub cannot change the filter of a subscription, so
# Terraform replaces the subscription if its filter changes.
resource "google_pubsub_subscription" "partner" {
  for_each = var.subscriptions

  name                       = "${local.prefix}-partner-${each.key}"
  topic                      = google_pubsub_topic.this["events"].id
  filter                     = each.value.filter
  ack_deadline_seconds       = local.ack_deadline_seconds
  message_retention_duration = "${local.retention_seconds}s"
  labels                     = var.labels

  push_config {
    push_endpoint = each.value.endpoint

    oidc_token {
      service_account_email = google_service_account.this["partners"].email
      audience              = each.value.endpoint
    }
  }
  retry_policy {
    minimum_backoff = "10s"
    maximum_backoff = "600s"
  }
  expiration_policy {
    ttl = ""
  }

  depends_on = [google_service_account_iam_member.push_token]

  lifecycle {
    precondition {
      condition     = length(each.value.filter) <= 256
      error_message = "A filter in Pub/Sub has at most 256 characters, and the filter of ${each.key} has ${length(each.value.filter)}. Name fewer kinds, events or projects, or make two subscriptions."
    }
  }
}

resource "google_cloud_run_v2_service_iam_member" "push" {
  for_each = local.deliveries

  name     = google_cloudfunctions2_function.this[each.key].name
  location = local.region
  role     = "roles/run.invoker"
  member   = google_service_account.this["push"].member
}

# Lets Pub/Sub create the identity tokens of its pushes. With this role, it cannot create access tokens.
resource "google_service_account_iam_member" "push_token" {
  for_each = toset(concat(["push"], length(var.subscriptions) == 0 ? [] : ["partners"]))

  service_account_id = google_service_account.this[each.key].name
  role               = "roles/iam.serviceAccountOpenIdTokenCreator"
  member             = var.agents.pubsub
}

# Lets Pub/Sub move dead letters: it publishes them to the topic `dead`, and acknowledges them in the
# subscription that could not deliver them.
resource "google_pubsub_topic_iam_member" "dead_letters" {
  topic  = google_pubsub_topic.this["dead"].id
  role   = "roles/pubsub.publisher"
  member = var.agents.pubsub
}

resource "google_pubsub_subscription_iam_member" "dead_letters" {
  for_each = google_pubsub_subscription.function

  subscription = each.value.id
  role         = "roles/pubsub.subscriber"
  member       = var.agents.pubsub
}
