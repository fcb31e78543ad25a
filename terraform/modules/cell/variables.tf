variable "name" {
  description = "The cell's short name."
  type        = string
  nullable    = false
}

variable "settings" {
  description = "The cell's entry in the variable `cells` of the root configuration, where each member is explained."
  type = object({
    region                = string
    gdpr                  = bool
    adequacy              = string
    readers               = set(string)
    operators             = set(string)
    viewers               = set(string)
    iap                   = bool
    cmek                  = bool
    pseudonym_key_version = number
    log_retention_days    = number
    quiet_hours           = number
    min_instances         = map(number)
    max_instances         = map(number)
    events_per_second     = number
    statement_tib         = number
    erasure_slots         = number
  })
  nullable = false
}

variable "project_id" {
  description = "The Google Cloud project."
  type        = string
  nullable    = false
}

variable "project_number" {
  description = "The number of the Google Cloud project."
  type        = string
  nullable    = false
}

variable "bigquery_endpoint" {
  description = "Whether BigQuery has a regional endpoint in the cell's region."
  type        = bool
  nullable    = false
}

variable "scheduler_region" {
  description = "Where Cloud Scheduler runs the jobs: the cell's region, if Cloud Scheduler exists there."
  type        = string
  nullable    = false
}

variable "source_zip" {
  description = "The zip file of the functions, and its SHA-256 digest in hex."
  type        = object({ path = string, sha256 = string })
  nullable    = false
}

variable "sql" {
  description = "The folder with store/*.json, and with *.sql and *.json below bi/."
  type        = string
  nullable    = false
}

variable "agents" {
  description = "Google's service agents of the project, as IAM members; `encrypting` has those that use a key."
  type = object({
    pubsub     = string
    scheduler  = string
    iap        = string
    encrypting = map(string)
  })
  nullable = false
}

variable "partners" {
  description = "The partners that have or had a project in this cell, with the digests of their tokens, the cell that each of their projects is pinned to, and whether the ids of their requests count without a signature."
  type        = map(object({ tokens_sha256 = list(string), projects = map(string), request_ids = bool }))
  nullable    = false
}

variable "signing_versions" {
  description = "The version of each partner's signing secrets; 0 if its webhooks are not signed."
  type        = map(number)
  nullable    = false
}

variable "signing_secrets" {
  description = "Signing secrets by partner; never stored in the state."
  type        = map(list(string))
  nullable    = false
  ephemeral   = true
  sensitive   = true
}

variable "partner_readers" {
  description = "Groups that may query a partner's own dataset, by partner."
  type        = map(set(string))
  nullable    = false
}

variable "viewers" {
  description = "Who sees which numbers on the dashboard: all projects that are or were pinned to the cell, the addresses of people who see all of them, and the addresses of other people with their projects."
  type        = object({ projects = set(string), everything = set(string), some = map(set(string)) })
  nullable    = false
}

variable "callers" {
  description = "Who may act for which projects with the privacy function: all projects that are or were pinned to the cell, the identities that may act for all of them, other identities with their projects in any cell, and the partner of each project."
  type        = object({ projects = set(string), everything = set(string), some = map(set(string)), owners = map(string) })
  nullable    = false
}

variable "subscriptions" {
  description = "Partners' own push subscriptions, by name: endpoint and attribute filter."
  type        = map(object({ endpoint = string, filter = string }))
  nullable    = false
}

variable "retention_days" {
  description = "Days after which the partition of an event is deleted."
  type        = number
  nullable    = false
}

variable "alert_channels" {
  description = "Notification channels of the alerts."
  type        = list(string)
  nullable    = false
}

variable "labels" {
  description = "Labels for all resources that can have labels."
  type        = map(string)
  nullable    = false
}
