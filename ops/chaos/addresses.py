"""Host and port: how they are told, and whether two of them are one place."""

import socket
from ipaddress import IPv4Address, IPv6Address, ip_address


def spelled(address: tuple[str, int]) -> str:
    """Return ``host:port``, an IPv6 host in brackets."""
    host, port = address
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def leads_back(listen: tuple[str, int], to: tuple[str, int]) -> bool:
    """Return whether who listens at one address is found at the other; names are looked up only for equal ports."""
    if listen[1] != to[1]:
        return False
    if listen[0] == to[0]:
        return True
    here, there = _found(listen[0]), _found(to[0])
    return bool(here & there) or (_own(here) and _own(there) and _any(here | there))


def _found(host: str) -> set[IPv4Address | IPv6Address]:
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return set()  # whoever dials it will say so
    return {ip_address(where[0]) for *_, where in found}


def _own(addresses: set[IPv4Address | IPv6Address]) -> bool:
    return any(each.is_loopback or each.is_unspecified for each in addresses)


def _any(addresses: set[IPv4Address | IPv6Address]) -> bool:
    return any(each.is_unspecified for each in addresses)
