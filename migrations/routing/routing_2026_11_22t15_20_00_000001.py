"""Who is here, said once: every sign of life is kept with the presence, and one function says what it means now."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from kernel.migrations import execute_script

ID = "2026-11-22T15:20:00:000001"
DESCRIPTION = "One definition of who is here"

FORWARDS = r"""
-- Since when what somebody said holds: availability ended by itself in a silence, and a sign of life after it begins anew.
CREATE FUNCTION there_since(said varchar, since timestamptz, last_seen timestamptz, idle_minutes int) RETURNS timestamptz LANGUAGE sql STABLE AS $$
  SELECT CASE WHEN said = 'available' AND last_seen < clock_timestamp() - make_interval(mins => idle_minutes) THEN clock_timestamp() ELSE since END
$$;

-- What everybody said of being there, and what it means now. Who is here decides the ladder, the forecast, offers and every screen.
CREATE FUNCTION presence_now(idle_minutes int) RETURNS TABLE (annotator uuid, vendor uuid, said text, state text, since timestamptz, last_seen timestamptz,
                                                              reason text, room int, here boolean) LANGUAGE sql STABLE AS $$
  SELECT n.annotator, n.vendor, n.said, n.state,
         CASE WHEN n.said = 'available' AND n.state = 'offline' THEN n.last_seen + make_interval(mins => idle_minutes)
              WHEN n.state = 'busy' THEN greatest(n.since, (SELECT max(w.claimed_at) FROM assignment w WHERE w.annotator = n.annotator AND w.state = 'live'))
              ELSE n.since END,
         n.last_seen, n.reason, n.room, n.active AND n.state IN ('available', 'busy')
  FROM (
    SELECT a.id AS annotator, a.vendor, a.state = 'active' AS active, p.state::text AS said, p.since, p.last_seen, coalesce(p.reason, '') AS reason,
           greatest(a.capacity - coalesce(h.live, 0), 0)::int AS room,
           CASE WHEN p.state <> 'available' THEN p.state::text
                WHEN p.last_seen IS NULL OR p.last_seen < clock_timestamp() - make_interval(mins => idle_minutes) THEN 'offline'
                WHEN coalesce(h.live, 0) >= a.capacity THEN 'busy'
                ELSE 'available' END AS state
    FROM annotator a LEFT JOIN presence p ON p.annotator = a.id LEFT JOIN holder h ON h.annotator = a.id
  ) AS n
$$;

-- Signs of life that were only in assignments so far.
INSERT INTO presence (annotator, state, since, last_seen, reason)
SELECT seen.annotator, 'available', seen.at, seen.at, ''
FROM (SELECT annotator, max(greatest(heartbeat_at, CASE WHEN state IN ('submitted', 'declined') THEN ended_at END)) AS at FROM assignment GROUP BY annotator) AS seen
WHERE seen.at IS NOT NULL
ON CONFLICT (annotator) DO UPDATE SET last_seen = greatest(presence.last_seen, excluded.last_seen);
"""

BACKWARDS = """
DROP FUNCTION presence_now(int);
DROP FUNCTION there_since(varchar, timestamptz, timestamptz, int);
"""


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="routing", description=DESCRIPTION)
    manager.add_raw(forwards_sql)
    manager.add_raw_backwards(backwards_sql)
    return manager


async def forwards_sql() -> None:
    await execute_script(FORWARDS)


async def backwards_sql() -> None:
    await execute_script(BACKWARDS)
