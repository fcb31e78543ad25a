# Views of the BI dataset and of the partners' datasets, in waves: each after those that it reads.
# The files' own references decide, so a new file needs no change here.
locals {
  # A view's path below sql/, without the ending, by its name.
  view_paths = { for file in fileset(var.sql, "bi/**/*.sql") : trimsuffix(basename(file), ".sql") => trimsuffix(file, ".sql") }
  view_texts = { for name, path in local.view_paths : name => replace(file("${var.sql}/${path}.sql"), "\r\n", "\n") }
  view_reads = { for name, text in local.view_texts : name => toset(flatten(regexall("\\$\\{bi\\}\\.(\\w+)", text))) }

  views_0        = [for name, reads in local.view_reads : name if length(reads) == 0]
  views_1        = [for name, reads in local.view_reads : name if length(reads) > 0 && length(setsubtract(reads, local.views_0)) == 0]
  views_2        = [for name, reads in local.view_reads : name if !contains(concat(local.views_0, local.views_1), name) && length(setsubtract(reads, concat(local.views_0, local.views_1))) == 0]
  unplaced_views = setsubtract(keys(local.view_texts), concat(local.views_0, local.views_1, local.views_2))
  layer = merge(
    { for name in local.views_0 : name => 0 },
    { for name in local.views_1 : name => 1 },
    { for name in local.views_2 : name => 2 },
  )

  store = "${var.project_id}.${local.store_id}"
  bi    = "${var.project_id}.${local.bi_id}"
  view_variables = {
    store            = local.store
    open_window_days = 8
    retention_days   = var.retention_days
    hidden           = replace(templatefile("${var.sql}/privacy/find_hidden.sql", { store = local.store }), "\r\n", "\n")
  }
  # A file's first comment, without the lines that say that it is generated and what its grain is.
  view_descriptions = {
    for name, text in local.view_texts : name => trimspace(replace(
      try(regex("^(?:-- Generated [^\n]*\n)?(?:-- grain:[^\n]*\n)?((?:--[^\n]*\n)+)", text)[0], ""), "/(^|\n)-- ?/", " "
    ))
  }

  # What each column means: beside the query, in a file of the same name.
  view_schemas = { for name, path in local.view_paths : name => jsonencode(jsondecode(file("${var.sql}/${path}.json"))) }

  # Views that say whose each row is; those of counts say the project alone.
  views_of_partners = [for name, schema in local.view_schemas : name if contains([for column in jsondecode(schema) : column.name], "partner")]

  bi_views = {
    for name in keys(local.layer) : "${local.bi_id}.${name}" => {
      wave    = local.layer[name]
      dataset = local.bi_id
      name    = name
      query   = replace(templatefile("${var.sql}/${local.view_paths[name]}.sql", merge(local.view_variables, { bi = local.bi })), "\r\n", "\n")
    }
  }

  # A partner's dataset has the same views. Those on the store become a filter on the cell's own
  # view, the others are the same files above them: no text of a partner's view reads the store. The
  # filter names all of its projects, because one that moved to another cell keeps its history here,
  # and the partner too, because a project's name may have been another partner's before.
  partner_views = merge([
    for partner, dataset in local.partner_datasets : {
      for name in keys(local.layer) : "${dataset}.${name}" => {
        wave    = local.layer[name] + 1
        dataset = dataset
        name    = name
        query = strcontains(local.view_texts[name], "$${store}") ? join("\n", [
          "SELECT *",
          "FROM `${local.bi}.${name}`",
          "WHERE ${join(" AND ", concat(
            contains(local.views_of_partners, name) ? ["partner = '${partner}'"] : [],
            # A press of the Test button may name no project.
            name == "test_deliveries" ? [] : ["project IN (${join(", ", [for project in keys(var.partners[partner].projects) : "'${project}'"])})"],
          ))}",
        ]) : replace(templatefile("${var.sql}/${local.view_paths[name]}.sql", merge(local.view_variables, { bi = "${var.project_id}.${dataset}" })), "\r\n", "\n")
      }
    }
  ]...)

  views = merge(local.bi_views, local.partner_views)

  # Terraform computes `for_each` again for each instance. So it is given names alone, made here
  # once, and no sets, which it sorts: a plan's time would grow with the square of the views.
  view_keys = { for key in keys(local.views) : key => key }
  waves     = [for wave in range(4) : { for key, view in local.views : key => key if view.wave == wave }]
}

# The provider changes a view in place badly: it refuses a new column, drops a removed one with ALTER
# TABLE, and loses the columns' descriptions when the query changes. So another query or other
# columns create the view again. Readers get 404 for the seconds in between.
resource "terraform_data" "view" {
  for_each = local.view_keys

  input = sha256(jsonencode([local.views[each.key].query, local.view_schemas[local.views[each.key].name]]))
}

resource "google_bigquery_table" "view_0" {
  #checkov:skip=CKV_GCP_80:a view stores nothing
  #checkov:skip=CKV_GCP_121:a view stores nothing, and one whose file is gone must go

  for_each = local.waves[0]

  dataset_id          = local.views[each.key].dataset
  table_id            = local.views[each.key].name
  description         = local.view_descriptions[local.views[each.key].name]
  schema              = local.view_schemas[local.views[each.key].name]
  deletion_protection = false # it has no data
  labels              = var.labels

  view {
    query          = local.views[each.key].query
    use_legacy_sql = false
  }

  # A view can be made when what it reads exists and its dataset may read it. It does not wait for
  # the functions: Terraform would delete it first, and create it again only after minutes of builds.
  lifecycle {
    replace_triggered_by = [terraform_data.view[each.key]]
  }

  depends_on = [google_bigquery_dataset.store, google_bigquery_dataset.bi, google_bigquery_table.store]
}

resource "google_bigquery_table" "view_1" {
  #checkov:skip=CKV_GCP_80:a view stores nothing
  #checkov:skip=CKV_GCP_121:a view stores nothing, and one whose file is gone must go

  for_each = local.waves[1]

  dataset_id          = local.views[each.key].dataset
  table_id            = local.views[each.key].name
  description         = local.view_descriptions[local.views[each.key].name]
  schema              = local.view_schemas[local.views[each.key].name]
  deletion_protection = false
  labels              = var.labels

  view {
    query          = local.views[each.key].query
    use_legacy_sql = false
  }

  lifecycle {
    replace_triggered_by = [terraform_data.view[each.key]]
  }

  depends_on = [google_bigquery_table.view_0]
}

resource "google_bigquery_table" "view_2" {
  #checkov:skip=CKV_GCP_80:a view stores nothing
  #checkov:skip=CKV_GCP_121:a view stores nothing, and one whose file is gone must go

  for_each = local.waves[2]

  dataset_id          = local.views[each.key].dataset
  table_id            = local.views[each.key].name
  description         = local.view_descriptions[local.views[each.key].name]
  schema              = local.view_schemas[local.views[each.key].name]
  deletion_protection = false
  labels              = var.labels

  view {
    query          = local.views[each.key].query
    use_legacy_sql = false
  }

  lifecycle {
    replace_triggered_by = [terraform_data.view[each.key]]
  }

  depends_on = [google_bigquery_table.view_1]
}

resource "google_bigquery_table" "view_3" {
  #checkov:skip=CKV_GCP_80:a view stores nothing
  #checkov:skip=CKV_GCP_121:a view stores nothing, and one whose file is gone must go

  for_each = local.waves[3]

  dataset_id          = local.views[each.key].dataset
  table_id            = local.views[each.key].name
  description         = local.view_descriptions[local.views[each.key].name]
  schema              = local.view_schemas[local.views[each.key].name]
  deletion_protection = false
  labels              = var.labels

  view {
    query          = local.views[each.key].query
    use_legacy_sql = false
  }

  lifecycle {
    replace_triggered_by = [terraform_data.view[each.key]]
  }

  depends_on = [google_bigquery_table.view_2]
}
