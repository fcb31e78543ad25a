# Topics and subscriptions. Messages are stored in the region, and publishing or subscribing
# through any other region is refused.
locals {
  ack_deadline_seconds = 60 # also how long a push may take
  retention_seconds    = 7 * 24 * 60 * 60
  dead_letter_seconds  = 31 * 24 * 60 * 60

  # Functions that Pub/Sub delivers events to: where, and which (all, without a filter).
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
    ttl = "" # never, however quiet it is
  }

  # Pushes before they may be made would use up delivery attempts.
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

# A dead-letter topic without a subscription would lose what comes to it.
resource "google_pubsub_subscription" "dead" {
  name                       = "${local.prefix}-dead"
  topic                      = google_pubsub_topic.this["dead"].id
  ack_deadline_seconds       = 600 # longer than REPLAY_SECONDS: a replay holds what it has pulled
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

# Pulling functions.
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

# Partners' own back ends. The filter cannot be changed in place: Pub/Sub's rule.
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
      error_message = "Pub/Sub takes filters of 256 characters and that of ${each.key} has ${length(each.value.filter)}: name fewer kinds, events or projects, or make two subscriptions."
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

# Pub/Sub signs the tokens of its pushes: identity tokens, and no access tokens.
resource "google_service_account_iam_member" "push_token" {
  for_each = toset(concat(["push"], length(var.subscriptions) == 0 ? [] : ["partners"]))

  service_account_id = google_service_account.this[each.key].name
  role               = "roles/iam.serviceAccountOpenIdTokenCreator"
  member             = var.agents.pubsub
}

# Pub/Sub moves dead letters itself: publishes them there and acknowledges them here.
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
