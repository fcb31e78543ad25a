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
  description = "Whether BigQuery has a regional endpoint in the region of the cell."
  type        = bool
  nullable    = false
}

variable "scheduler_region" {
  description = "The region in which Cloud Scheduler runs the jobs: the cell's region, or the nearest one that has Cloud Scheduler."
  type        = string
  nullable    = false
}

variable "source_zip" {
  description = "The zip file of the functions, and its SHA-256 digest in hex."
  type        = object({ path = string, sha256 = string })
  nullable    = false
}

variable "sql" {
  description = "The path of the folder `sql`, which has tables in store/*.json, and views in *.sql and *.json below bi/."
  type        = string
  nullable    = false
}

variable "agents" {
  description = "Google's service agents of the project, as IAM members. `encrypting` has the agents that use the key of a cell with `cmek`."
  type = object({
    pubsub     = string
    scheduler  = string
    iap        = string
    encrypting = map(string)
  })
  nullable = false
}

variable "partners" {
  description = "The partners that have or had a project in this cell: the digests of their tokens, the cell of each of their projects, and whether retries are recognised by the ids of unsigned requests."
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
  description = "Who sees which projects on the dashboard. `projects` are all projects that are or were pinned to the cell, `everything` has the addresses of people who see all of them, and `some` has the addresses of other people with their projects."
  type        = object({ projects = set(string), everything = set(string), some = map(set(string)) })
  nullable    = false
}

variable "callers" {
  description = "Who may act for which projects with the function privacy. `projects` are all projects that are or were pinned to the cell, `everything` has the identities that may act for all of them, `some` has other identities with their projects in any cell, and `owners` has the partner of each project."
  type        = object({ projects = set(string), everything = set(string), some = map(set(string)), owners = map(string) })
  nullable    = false
}

variable "subscriptions" {
  description = "The partners' own push subscriptions, by name: the address of the back end, and a filter on attributes."
  type        = map(object({ endpoint = string, filter = string }))
  nullable    = false
}

variable "retention_days" {
  description = "The days after which BigQuery deletes the partition of an event."
  type        = number
  nullable    = false
}

variable "alert_channels" {
  description = "The notification channels to which alerts are sent."
  type        = list(string)
  nullable    = false
}

variable "labels" {
  description = "Labels for all resources that can have labels."
  type        = map(string)
  nullable    = false
}
