"""What a metered price comes to, from its inputs and what was measured; as `payments.rates.recompute` reckons it."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from kernel.migrations import execute_script

ID = "2026-11-22T19:37:00:000001"
DESCRIPTION = "Functions of metered prices"

FORWARDS = r"""
-- Exact: a quotient is never cut to so many digits before it is rounded.
CREATE FUNCTION half_even(n numeric, d numeric) RETURNS numeric LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT div(n, d) + CASE WHEN 2 * mod(n, d) > d OR 2 * mod(n, d) = d AND mod(div(n, d), 2) = 1 THEN 1 ELSE 0 END
$$;
-- Messages of people that were handed in, without those that came with the task; other kinds of work have none.
CREATE FUNCTION turns_of(payload jsonb) RETURNS int LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE jsonb_typeof(payload -> 'turns') WHEN 'array' THEN (SELECT count(*)::int FROM jsonb_array_elements(payload -> 'turns') AS t
    WHERE t ->> 'role' = 'user' AND t ->> 'model' IS DISTINCT FROM 'import') ELSE 0 END
$$;
-- At least a micro, since what is paid is a transfer of more than nothing.
CREATE FUNCTION metered_micros(inputs jsonb, turns int, seconds int) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT greatest(1, 1000000 * coalesce(inputs ->> 'minimum', '0')::numeric, half_even(1000000
    * (3600 * ((inputs ->> 'base')::numeric + (inputs ->> 'per_turn')::numeric * least(turns, (inputs ->> 'most_turns')::int))
       + (inputs ->> 'per_hour')::numeric * least(seconds, (inputs ->> 'most_seconds')::int))
    * (inputs ->> 'difficulty_factor')::numeric * (inputs ->> 'expert_factor')::numeric * (inputs ->> 'class_factor')::numeric
    * (inputs ->> 'language_factor')::numeric, 3600))::bigint
$$;
"""

BACKWARDS = """
DROP FUNCTION metered_micros(jsonb, int, int);
DROP FUNCTION turns_of(jsonb);
DROP FUNCTION half_even(numeric, numeric);
"""


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="payments", description=DESCRIPTION)
    manager.add_raw(forwards_sql)
    manager.add_raw_backwards(backwards_sql)
    return manager


async def forwards_sql() -> None:
    await execute_script(FORWARDS)


async def backwards_sql() -> None:
    await execute_script(BACKWARDS)
