"""What the web framework hands to every handler."""

from __future__ import annotations

from typing import Annotated

from litestar.params import Dependency

from server_stub.central import Central
from server_stub.devices import Device
from server_stub.nonces import Nonces

TheCentral = Annotated[Central, Dependency(skip_validation=True)]
TheNonces = Annotated[Nonces, Dependency(skip_validation=True)]
Proven = Annotated[Device, Dependency(skip_validation=True)]
"""The device that signed this request; asking for it is what makes a route signed."""
