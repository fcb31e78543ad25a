"""Python's and Terraform's view of the same fact are the same."""

import ast
import importlib
import json
import re
import zipfile
from pathlib import Path
from typing import Any

import msgspec
import pytest

from functions.load.body import parse_body  # noqa: F401 - see QUARANTINE_REASONS
from functions.spill import PREFIX as SPILL
from functions.warehouse import OPEN_WINDOW_DAYS, RETENTION_DAYS, list_tables, list_views
from tests.terraform.resources import Resource, of_type
from tests.terraform.workspace import ROOT, Workspace

pytestmark = pytest.mark.terraform

FUNCTIONS = ("receive", "load", "operate")
