# Datasets and tables. Tables are the files in sql/store; views (views.tf) are the files in sql/bi.
locals {
  tables = {
    for file in fileset(var.sql, "store/*.json") :
    trimsuffix(basename(file), ".json") => jsondecode(file("${var.sql}/${file}"))
  }
}

# For the functions only. `access` is complete: without it every reader of the project could read.
resource "google_bigquery_dataset" "store" {
  dataset_id            = local.store_id
  location              = local.region
  description           = "Events and people of the cell ${var.name}; for its functions only."
  max_time_travel_hours = "48" # the least: deleted rows are gone sooner
  deletion_policy       = "PREVENT"
  labels                = var.labels

  access {
    role          = "OWNER"
    special_group = "projectOwners"
  }
  # The residency report asks where it is.
  access {
    role          = "roles/bigquery.metadataViewer"
    user_by_email = google_service_account.this["privacy"].email
  }
  # One entry for all views of the dataset, those to come included.
  access {
    dataset {
      dataset {
        project_id = var.project_id
        dataset_id = google_bigquery_dataset.bi.dataset_id
      }
      target_types = ["VIEWS"]
    }
  }
  dynamic "default_encryption_configuration" {
    for_each = local.kms_keys
    content {
      kms_key_name = default_encryption_configuration.value
    }
  }

  lifecycle {
    prevent_destroy = true
  }
}

resource "google_bigquery_table" "store" {
  for_each = local.tables

  dataset_id               = google_bigquery_dataset.store.dataset_id
  table_id                 = each.key
  description              = each.value.description
  schema                   = jsonencode(each.value.schema)
  clustering               = length(each.value.clustering) > 0 ? each.value.clustering : null
  require_partition_filter = each.value.require_partition_filter
  deletion_protection      = true
  labels                   = var.labels

  dynamic "time_partitioning" {
    for_each = each.value.partition_by == null ? [] : [each.value.partition_by]
    content {
      type          = "DAY"
      field         = time_partitioning.value
      expiration_ms = each.value.expires ? var.retention_days * 24 * 60 * 60 * 1000 : null
    }
  }
  # The dataset's default would show as a difference here.
  dynamic "encryption_configuration" {
    for_each = local.kms_keys
    content {
      kms_key_name = encryption_configuration.value
    }
  }

  lifecycle {
    prevent_destroy = true

    precondition {
      condition     = alltrue([for column in each.value.schema : alltrue([for field in try(column.fields, []) : !can(field.fields)])])
      error_message = "A RECORD within a RECORD in ${each.key}: extend terraform_data.column to its fields."
    }
  }
}

# What was a column once stays one. The provider would drop a column that is gone from a file, or that
# an older version of the files does not have yet, with its data and without a word in the plan; this
# makes such a plan fail. README.md, "Rolling back".
resource "terraform_data" "column" {
  for_each = merge([
    for name, table in local.tables : merge(
      { for column in table.schema : "${name}.${column.name}" => column.type },
      merge([
        for column in table.schema : {
          for field in try(column.fields, []) : "${name}.${column.name}.${field.name}" => field.type
        }
      ]...),
    )
  ]...)

  input = each.value

  depends_on = [google_bigquery_table.store]

  lifecycle {
    prevent_destroy = true
  }
}

resource "google_bigquery_table_iam_member" "function" {
  for_each = merge([
    for name, function in local.functions : {
      for table in function.tables : "${name}/${table}" => { function = name, table = table }
    }
  ]...)

  dataset_id = google_bigquery_dataset.store.dataset_id
  table_id   = google_bigquery_table.store[each.value.table].table_id
  role       = "roles/bigquery.dataEditor"
  member     = google_service_account.this[each.value.function].member
}

# Appending with Storage Write, and asking which columns a table has. Google's own roles that allow it
# also allow to delete rows and tables. Without `bigquery.jobs.create` no statement can be run.
resource "google_project_iam_custom_role" "append" {
  role_id     = "chat_${var.name}_append_${random_id.append_role.hex}"
  title       = "Appends rows (${local.prefix})"
  description = "Storage Write on the tables where it is granted."
  permissions = ["bigquery.tables.get", "bigquery.tables.updateData"]
}

# The id of a deleted role is taken for 37 days: the suffix lets you create a destroyed cell again.
resource "random_id" "append_role" {
  byte_length = 3
}

resource "google_bigquery_table_iam_member" "append" {
  for_each = merge([
    for name, function in local.functions : {
      for table in function.appends : "${name}/${table}" => { function = name, table = table }
    }
  ]...)

  dataset_id = google_bigquery_dataset.store.dataset_id
  table_id   = google_bigquery_table.store[each.value.table].table_id
  role       = google_project_iam_custom_role.append.name
  member     = google_service_account.this[each.value.function].member
}

resource "google_bigquery_table_iam_member" "reader" {
  for_each = merge([
    for name, function in local.functions : {
      for table in function.reads : "${name}/${table}" => { function = name, table = table }
    }
  ]...)

  dataset_id = google_bigquery_dataset.store.dataset_id
  table_id   = google_bigquery_table.store[each.value.table].table_id
  role       = "roles/bigquery.dataViewer"
  member     = google_service_account.this[each.value.function].member
}

# What BI tools query.
resource "google_bigquery_dataset" "bi" {
  dataset_id            = local.bi_id
  location              = local.region
  description           = "Views on the events of the cell ${var.name}; people appear under user keys."
  max_time_travel_hours = "48"
  labels                = var.labels

  access {
    role          = "OWNER"
    special_group = "projectOwners"
  }
  # Functions read views by the dataset: a grant on a view would be gone when it is created again.
  dynamic "access" {
    for_each = toset([for name, function in local.functions : name if function.views])
    content {
      role          = "READER"
      user_by_email = "${local.prefix}-${access.value}@${local.accounts_domain}"
    }
  }
  dynamic "access" {
    for_each = var.settings.readers
    content {
      role           = "READER"
      group_by_email = access.value
    }
  }
  dynamic "access" {
    for_each = google_bigquery_dataset.partner
    content {
      dataset {
        dataset {
          project_id = var.project_id
          dataset_id = access.value.dataset_id
        }
        target_types = ["VIEWS"]
      }
    }
  }
  dynamic "default_encryption_configuration" {
    for_each = local.kms_keys
    content {
      kms_key_name = default_encryption_configuration.value
    }
  }

  lifecycle {
    precondition {
      condition     = length(local.unplaced_views) == 0
      error_message = "Views read each other in a circle, one that does not exist, or more than three layers deep (then add a wave to views.tf): ${join(", ", local.unplaced_views)}."
    }
  }
}

# A dataset of its own for each partner with readers.
resource "google_bigquery_dataset" "partner" {
  for_each = local.partner_readers

  dataset_id            = local.partner_datasets[each.key]
  location              = local.region
  description           = "Views on the events of ${each.key} in the cell ${var.name}."
  max_time_travel_hours = "48"
  labels                = var.labels

  access {
    role          = "OWNER"
    special_group = "projectOwners"
  }
  access {
    role          = "roles/bigquery.metadataViewer"
    user_by_email = google_service_account.this["privacy"].email
  }
  dynamic "access" {
    for_each = each.value
    content {
      role           = "READER"
      group_by_email = access.value
    }
  }
  dynamic "default_encryption_configuration" {
    for_each = local.kms_keys
    content {
      kms_key_name = default_encryption_configuration.value
    }
  }
}

locals {
  # Of the partners that are in this cell.
  partner_readers  = { for name, readers in var.partner_readers : name => readers if contains(keys(var.partners), name) }
  partner_datasets = { for name in keys(local.partner_readers) : name => "${local.bi_id}_${replace(name, "-", "_")}" }
}

# Queries across regions would copy data out of this one; switched off for it. A job runs once, so
# its name changes with its text.
resource "random_id" "global_queries" {
  byte_length = 4
  keepers     = { region = local.region }
}

resource "google_bigquery_job" "global_queries_off" {
  job_id   = "${local.prefix}-global-queries-off-${random_id.global_queries.hex}"
  location = local.region

  query {
    query              = <<-SQL
      ALTER PROJECT `${var.project_id}` SET OPTIONS (
        `region-${local.region}.enable_global_queries_execution` = false,
        `region-${local.region}.enable_global_queries_data_access` = false
      )
    SQL
    use_legacy_sql     = false
    create_disposition = "" # both must be empty for a statement that makes no table
    write_disposition  = ""
  }
}
