terraform {
  # Terraform has write-only arguments since 1.11. They keep secrets out of the state.
  required_version = "~> 1.11"

  required_providers {
    google = {
      source  = "hashicorp/google"
      version = "~> 7.41"
    }
    # Only for google_project_service_identity, which the provider `google` does not have.
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

  # `terraform init` gives the name of the bucket (README.md, step 4).
  backend "gcs" {}
}

# The provider has no default region. So a resource that does not name its cell's region fails in the plan.
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
