"""The port that the site listens on: whether it is free, and whether the site answers on it."""

import errno
import http.client
import ipaddress
import socket

from callboard.embedded.errors import StartError

ANSWER_SECONDS = 2.0
SERVER_ERROR = 500


def check_port(host: str, port: int) -> None:
    """Raises `StartError` with one sentence when nothing can listen there."""
    try:
        kind, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        with socket.socket(kind, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a port in TIME_WAIT is free
            probe.bind(address)
    except socket.gaierror as error:
        raise StartError(f"The host {host} is not an address of this machine; choose another --host.") from error
    except OSError as error:
        raise StartError(_sentence(error, host, port)) from error


def _sentence(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} on {host} is in use by another program; choose another --port."
    if error.errno == errno.EACCES:
        return f"This account may not listen on port {port}; choose a --port above 1023."
    if error.errno == errno.EADDRNOTAVAIL:
        return f"The host {host} is not an address of this machine; choose another --host."
    return f"Nothing can listen on {host} port {port}: {error.strerror or error}."


def free_port(host: str, wanted: int) -> int:
    """`wanted` if nothing listens there, else one that the system chooses."""
    try:
        check_port(host, wanted)
    except StartError:
        with socket.create_server((host, 0)) as server:
            return int(server.getsockname()[1])
    return wanted


def reachable_host(host: str) -> str:
    """Where a server that listens on `host` is reached from this machine."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if address.is_unspecified:
        return "::1" if address.version == 6 else "127.0.0.1"  # noqa: PLR2004  the version of the protocol
    return host


def base_url(host: str, port: int) -> str:
    place = reachable_host(host)
    return f"http://[{place}]:{port}" if ":" in place else f"http://{place}:{port}"


def answers(host: str, port: int) -> bool:
    """Whether the site says that it is ready."""
    connection = http.client.HTTPConnection(reachable_host(host), port, timeout=ANSWER_SECONDS)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status < SERVER_ERROR
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
