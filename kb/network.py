"""Which addresses of the network we may be sent to. Whoever names an address must not reach our own servers by it.

`Gate.pass_through` resolves a host once and hands back the addresses that were checked; who connects connects to those,
so a name that answers differently a moment later (rebinding) changes nothing.
"""

import ipaddress
import re
import socket
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

from kb.errors import DocumentError

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
Resolver = Callable[[str, int], list[str]]

# Everything the special-purpose registries keep from the open internet, and the clouds' servers of secrets.
_CLOSED_4 = tuple(
    IPv4Network(text)
    for text in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",  # carrier-grade NAT; 100.100.100.200 is Alibaba Cloud's metadata server
        "127.0.0.0/8",
        "168.63.129.16/32",  # Azure's, with an address like any other
        "169.254.0.0/16",  # link-local; 169.254.169.254 is most clouds' metadata server
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.31.196.0/24",
        "192.52.193.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "192.175.48.0/24",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/3",  # multicast, reserved, broadcast
    )
)
_OPEN_6 = IPv6Network("2000::/3")
_CLOSED_6 = tuple(
    IPv6Network(text)
    for text in (
        "2001::/23",  # Teredo, ORCHID and other protocols
        "2001:db8::/32",
        "2002::/16",  # 6to4: an IPv4 address in disguise
        "2620:4f:8000::/48",
        "3fff::/20",
    )
)
# Prefixes behind which an IPv4 address is reached: what counts is that address.
_CARRIERS = (IPv6Network("::ffff:0:0/96"), IPv6Network("64:ff9b::/96"))
_ISATAP = (0x00005EFE, 0x02005EFE)
_NUMERIC = re.compile(r"(?:0x[0-9a-f]*|\d+)\Z", re.IGNORECASE)


def plain(address: Address) -> Address:
    """The IPv4 address that an IPv6 one carries (mapped, NAT64), or the address itself."""
    if isinstance(address, IPv6Address) and any(address in carrier for carrier in _CARRIERS):
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def is_public(address: Address) -> bool:
    """Whether an address belongs to the open internet, whatever it is wrapped in."""
    address = plain(address)
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _CLOSED_4)
    interface = int(address) & 0xFFFFFFFFFFFFFFFF
    return (
        address in _OPEN_6
        and address.scope_id is None
        and interface >> 32 not in _ISATAP
        and not any(address in network for network in _CLOSED_6)
    )


def resolve(host: str, port: int) -> list[str]:
    """The addresses of a host, as the system knows them."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


@dataclass(frozen=True, slots=True)
class Gate:
    """Lets through to the open internet, and to the hosts and networks that the operator named (FETCH_ALLOWED)."""

    hosts: frozenset[str] = frozenset()
    networks: tuple[Network, ...] = ()
    resolver: Resolver = field(default=resolve)

    @classmethod
    def of(cls, allowed: Iterable[str], resolver: Resolver = resolve) -> "Gate":
        """A gate that also lets through to `allowed`: names of hosts, addresses and networks."""
        hosts: set[str] = set()
        networks: list[Network] = []
        for entry in allowed:
            try:
                networks.append(ipaddress.ip_network(entry, strict=False))
            except ValueError:
                hosts.add(entry.lower().rstrip("."))
        return cls(frozenset(hosts), tuple(networks), resolver)

    def pass_through(self, host: str, port: int) -> list[str]:
        """The addresses of `host` to connect to, all of them checked.

        Raises:
            DocumentError: address_refused, host_unknown.
        """
        host = host.lower().removesuffix(".")
        named = host in self.hosts
        if not named and not _may_be_asked(host, port):
            raise DocumentError("address_refused", host=host)
        try:
            addresses = [ipaddress.ip_address(text) for text in self.resolver(host, port)]
        except (OSError, UnicodeError, ValueError) as error:
            raise DocumentError("host_unknown", host=host) from error
        if not addresses:
            raise DocumentError("host_unknown", host=host)
        # One closed address among open ones is a trap, not a mistake: nothing of such a host is used.
        if not named and not all(self._is_open(address, port) for address in addresses):
            raise DocumentError("address_refused", host=host)
        return [str(address) for address in addresses]

    def names(self, host: str) -> bool:
        """Whether the operator named this very host, or the network of this very address."""
        host = host.lower().removesuffix(".")
        try:
            address = plain(ipaddress.ip_address(host))
        except ValueError:
            return host in self.hosts
        return host in self.hosts or any(address in network for network in self.networks)

    def _is_open(self, address: Address, port: int) -> bool:
        if any(plain(address) in network for network in self.networks):
            return True
        return is_public(address) and (port in (80, 443) or port >= 1024)


def _may_be_asked(host: str, port: int) -> bool:
    """A name, or an address in its one usual form: `0x7f.1`, `017700000001` and `2130706433` are written to deceive."""
    if not host or not 0 < port < 65536 or "%" in host:
        return False
    if ":" not in host and _NUMERIC.match(host.rpartition(".")[2]):
        try:
            return str(IPv4Address(host)) == host
        except ValueError:
            return False
    return True
