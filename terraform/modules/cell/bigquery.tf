# Datasets and tables. Tables are the files in sql/store; views (views.tf) are the files in sql/bi.
locals {
  tables = {
    for file in fileset(var.sql, "store/*.json") :
    trimsuffix(basename(file), ".json") => jsondecode(file("${var.sql}/${file}"))
  }
}

# The store, for the functions only. The `access` blocks replace BigQuery's default access, which would
# let editors and viewers of the project read the dataset.
resource "google_bigquery_dataset" "store" {
  dataset_id            = local.store_id
  location              = local.region
  description           = "Events and people of the cell ${var.name}; for its functions only."
  max_time_travel_hours = "48" # the minimum, so that erased rows cannot be restored for long
  deletion_policy       = "PREVENT"
  labels                = var.labels

  access {
    role          = "OWNER"
    special_group = "projectOwners"
  }
  # Lets the residency report read the location.
  access {
    role          = "roles/bigquery.metadataViewer"
    user_by_email = google_service_account.this["privacy"].email
  }
  # Lets all views of the BI dataset read the store, including views that later versions add.
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
  # Without this block, every plan would show the dataset's default key as a change.
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

# Refuses plans that would delete a column. If a file of `sql/store` lacks a column that the table has, for
# example in an older version, the provider would delete the column with its data, and the plan would not
# say so. See README.md, "Rolling back".
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

# Lets an account append rows with the Storage Write API, and read which columns a table has. Google's own
# roles for that also allow deleting rows and tables. Without `bigquery.jobs.create`, the account cannot
# run a statement.
resource "google_project_iam_custom_role" "append" {
  role_id     = "chat_${var.name}_append_${random_id.append_role.hex}"
  title       = "Appends rows (${local.prefix})"
  description = "Lets the account append rows to the tables on which the role is granted."
  permissions = ["bigquery.tables.get", "bigquery.tables.updateData"]
}

# Google reserves the id of a deleted role for 37 days. With this random suffix, you can create a destroyed
# cell again at once.
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

# The BI dataset, which BI tools query.
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
  # Functions with `views = true` may read all views. The grant is on the dataset, because a grant on a
  # single view would be lost whenever Terraform creates the view again.
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
      error_message = "These views read each other in a circle, read a view that does not exist, or are more than three layers deep: ${join(", ", local.unplaced_views)}. For a deeper layer, add a wave to views.tf."
    }
  }
}

# Each partner with `readers` gets a dataset of its own.
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
  # Only partners that have or had a project in this cell.
  partner_readers  = { for name, readers in var.partner_readers : name => readers if contains(keys(var.partners), name) }
  partner_datasets = { for name in keys(local.partner_readers) : name => "${local.bi_id}_${replace(name, "-", "_")}" }
}

# Turns off queries across regions, which could copy data out of this region. BigQuery runs a job of a
# given name only once, so the name has a random part.
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
    create_disposition = "" # both must be empty for a statement that creates no table
    write_disposition  = ""
  }
}
