"""The functions' entry points; a deployment serves the one that FUNCTION_TARGET names."""

from functions_framework import aio

from functions.web.entry import entry_point

receive = aio.http(entry_point("receive"))
load = aio.http(entry_point("load"))
operate = aio.http(entry_point("operate"))
dashboard = aio.http(entry_point("dashboard"))
privacy = aio.http(entry_point("privacy"))
