terraform {
  # 1.11 has write-only arguments, which keep secrets out of the state.
  required_version = "~> 1.11"

  required_providers {
    google = {
      source  = "hashicorp/google"
      version = "~> 7.41"
    }
    # For google_project_service_identity alone, which the other does not have.
    google-beta = {
      source  = "hashicorp/google-beta"
      version = "~> 7.41"
    }
    archive = {
      source  = "hashicorp/archive"
      version = "~> 2.8"
    }
    random = {
      source  = "hashicorp/random"
      version = "~> 3.9"
    }
    time = {
      source  = "hashicorp/time"
      version = "~> 0.14"
    }
  }

  # The bucket is named at `terraform init`; README.md, step 2.
  backend "gcs" {}
}

# No region here: what has a location must name its cell's, or the plan fails.
provider "google" {
  project               = var.project_id
  billing_project       = var.project_id
  user_project_override = true
  default_labels        = local.labels
}

provider "google-beta" {
  project               = var.project_id
  billing_project       = var.project_id
  user_project_override = true
}

locals {
  labels = { system = "watchers-warehouse" }
}
