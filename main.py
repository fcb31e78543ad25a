"""The entry points of the deployed functions.

The environment variable FUNCTION_TARGET names the function that a process serves.
"""

from functions_framework import aio

from functions import FUNCTIONS
from functions.web.entry import entry_point

for _name in FUNCTIONS:
    globals()[_name] = aio.http(entry_point(_name))
