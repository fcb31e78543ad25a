# Views of the BI dataset and of the partners' datasets. Terraform creates them in waves, so that each view
# comes after the views that it reads. It finds these views in the text of each file, so you can add a
# file without a change here.
locals {
  # Name of a view -> path of its file below sql/, without the ending.
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
  # Name of a view -> its description: the first comment of its file, without the lines `-- Generated` and
  # `-- grain:`.
  view_descriptions = {
    for name, text in local.view_texts : name => trimspace(replace(
      try(regex("^(?:-- Generated [^\n]*\n)?(?:-- grain:[^\n]*\n)?((?:--[^\n]*\n)+)", text)[0], ""), "/(^|\n)-- ?/", " "
    ))
  }

  # Name of a view -> its columns with their descriptions, from the JSON file beside its query.
  view_schemas = { for name, path in local.view_paths : name => jsonencode(jsondecode(file("${var.sql}/${path}.json"))) }

  # The views with a column `partner`. Views of counts have only `project`.
  views_of_partners = [for name, schema in local.view_schemas : name if contains([for column in jsondecode(schema) : column.name], "partner")]

  bi_views = {
    for name in keys(local.layer) : "${local.bi_id}.${name}" => {
      wave    = local.layer[name]
      dataset = local.bi_id
      name    = name
      query   = replace(templatefile("${var.sql}/${local.view_paths[name]}.sql", merge(local.view_variables, { bi = local.bi })), "\r\n", "\n")
    }
  }

  # A partner's dataset has the same views, but none of them reads the store. If a file reads the store,
  # the partner's view is a filter on the cell's own view. All other views have the same text as the
  # cell's, but read the partner's views. The filter names all projects of the partner, because a project
  # that has moved to another cell still has its history here. It also names the partner, because a
  # project's name may have belonged to another partner before.
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
            # The event of the Test button may have no project.
            name == "test_deliveries" ? [] : ["project IN (${join(", ", [for project in keys(var.partners[partner].projects) : "'${project}'"])})"],
          ))}",
        ]) : replace(templatefile("${var.sql}/${local.view_paths[name]}.sql", merge(local.view_variables, { bi = "${var.project_id}.${dataset}" })), "\r\n", "\n")
      }
    }
  ]...)

  views = merge(local.bi_views, local.partner_views)

  # Terraform computes `for_each` again for each instance. So these maps contain only names, and are
  # computed once. Sets would be sorted each time. Otherwise, the time of a plan would grow with the
  # square of the number of views.
  view_keys = { for key in keys(local.views) : key => key }
  waves     = [for wave in range(4) : { for key, view in local.views : key => key if view.wave == wave }]
}

# Makes Terraform delete a view and create it again if its query or its columns change. The provider
# cannot change a view in place: it refuses a new column, deletes a removed one with ALTER TABLE, and loses
# the descriptions of columns when the query changes. Between the two steps, queries of the view get 404.
resource "terraform_data" "view" {
  for_each = local.view_keys

  input = sha256(jsonencode([local.views[each.key].query, local.view_schemas[local.views[each.key].name]]))
}

resource "google_bigquery_table" "view_0" {
  #checkov:skip=CKV_GCP_80:a view stores nothing
  #checkov:skip=CKV_GCP_121:a view stores nothing, and must be deleted when its file is deleted

  for_each = local.waves[0]

  dataset_id          = local.views[each.key].dataset
  table_id            = local.views[each.key].name
  description         = local.view_descriptions[local.views[each.key].name]
  schema              = local.view_schemas[local.views[each.key].name]
  deletion_protection = false # a view has no data
  labels              = var.labels

  view {
    query          = local.views[each.key].query
    use_legacy_sql = false
  }

  # A view needs the tables that it reads, and its dataset's access to the store. It must not depend on
  # the functions: Terraform would delete the view first, and create it again only after the builds, which
  # take minutes.
  lifecycle {
    replace_triggered_by = [terraform_data.view[each.key]]
  }

  depends_on = [google_bigquery_dataset.store, google_bigquery_dataset.bi, google_bigquery_table.store]
}

resource "google_bigquery_table" "view_1" {
  #checkov:skip=CKV_GCP_80:a view stores nothing
  #checkov:skip=CKV_GCP_121:a view stores nothing, and must be deleted when its file is deleted

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
  #checkov:skip=CKV_GCP_121:a view stores nothing, and must be deleted when its file is deleted

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
  #checkov:skip=CKV_GCP_121:a view stores nothing, and must be deleted when its file is deleted

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
