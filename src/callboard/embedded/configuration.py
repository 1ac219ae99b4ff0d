"""What the embedded servers are told, each line with its reason. Written anew at every start."""

import os
from pathlib import Path

SHARE_OF_MEMORY, LEAST_MB, MOST_MB = 16, 256, 2048
"""Of the machine's memory for PostgreSQL's own cache: the hot tables of a million tasks need some 600 MB, a laptop has other things to do."""


def _cache_mb() -> int:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 1024**2
    return max(LEAST_MB, min(MOST_MB, memory // SHARE_OF_MEMORY))


def postgres(socket_folder: str, port: int, *, durable: bool) -> str:
    """postgresql.conf; whatever an operator puts into `local.conf` beside it is stronger."""
    kept = "on" if durable else "off"
    return f"""# Written by Callboard at every start; put what should differ into local.conf beside this file.
listen_addresses = ''                       # this machine only, through a socket in a closed folder
unix_socket_directories = '{socket_folder}'
unix_socket_permissions = 0700
port = {port}                                 # only a part of the socket's name
cluster_name = 'callboard'

max_connections = 100                       # api, worker and clock take at most 16 each; the rest is for people
shared_buffers = {_cache_mb()}MB                      # a sixteenth of the memory, 256 MB to 2 GB: the hot tables of a million tasks
effective_cache_size = 1GB                  # what the system's cache is likely to hold besides
work_mem = 8MB                              # the reports sort in memory; claims need none
maintenance_work_mem = 64MB                 # index builds of the migrations and autovacuum
random_page_cost = 1.1                      # solid state: an index probe costs what a sequential page costs
effective_io_concurrency = 16
io_method = sync                            # three I/O helper processes are wasted on two cores
max_parallel_workers_per_gather = 0         # a report must not take the cores from the claims
jit = off                                   # short statements pay more for compiling than they win

synchronous_commit = {kept}                     # off lost acknowledged commits at kill -9
fsync = {kept}
full_page_writes = {kept}
wal_compression = on                        # fewer bytes to sync with each commit after a checkpoint
max_wal_size = 1GB                          # bounds the recovery after a kill to seconds
min_wal_size = 80MB
checkpoint_completion_target = 0.9          # spread the writes: claims go on meanwhile

client_connection_check_interval = 1s       # the statement of a killed process gives its locks back
idle_in_transaction_session_timeout = 60s   # a stuck process must not hold locks; ours ask for less
tcp_keepalives_idle = 30

autovacuum_naptime = 15s                    # slots and jobs turn over quickly
timezone = 'UTC'
log_timezone = 'UTC'
lc_messages = 'C'                           # the supervisor reads the log
logging_collector = off                     # the supervisor owns the file
log_line_prefix = '%m [%p] %d '
log_min_duration_statement = 2s             # a statement this slow is a defect
log_checkpoints = off
log_connections = ''
log_lock_waits = on

include_if_exists = 'local.conf'
"""


def valkey(socket: str, folder: str) -> str:
    """valkey.conf. Nothing of record lives only in there, yet a restart should not make every nudge wait."""
    return f"""# Written by Callboard at every start.
port 0
unixsocket "{socket}"
unixsocketperm 700
dir "{folder}"
daemonize no
appendonly yes
appendfsync everysec
save ""
aof-use-rdb-preamble yes
auto-aof-rewrite-min-size 16mb
maxmemory 256mb
maxmemory-policy noeviction
databases 4
loglevel notice
logfile ""
"""


def write(path: Path, text: str) -> None:
    path.touch(mode=0o600)
    path.write_text(text, encoding="utf-8")
