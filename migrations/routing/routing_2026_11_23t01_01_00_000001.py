"""Tasks are found by any part of their name or title in an index, on every PostgreSQL: no extension is needed."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from kernel.migrations import execute_script

ID = "2026-11-23T01:01:00:000001"
DESCRIPTION = "Tasks are found by parts of words, in an index"

FORWARDS = r"""
CREATE FUNCTION search_words(external_id text, payload jsonb) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN lower(external_id || E'\n' || left(coalesce(payload ->> 'title', ''), 300));

CREATE FUNCTION search_pairs(words text) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ARRAY(SELECT pair FROM generate_series(1, length(words) - 1) AS i, substr(words, i, 2) AS pair
             WHERE pair ~ '^[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff]{2}$');

-- The text cut into pieces of three characters, beside each other, which costs an import a third of what every three characters in a row
-- would. Of Chinese, Japanese and Korean every two that follow each other as well: their words are often two characters long.
CREATE FUNCTION search_grams(words text) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN string_to_array(regexp_replace(words, '(...)', E'\\1\x01', 'g'), E'\x01')
  || CASE WHEN words ~ '[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff]{2}' THEN search_pairs(words) ELSE '{}' END;

-- What the grams of a text that holds `part` (in small letters) must hold, if the text is cut `shift` characters (0 to 2) behind where the
-- part begins: one of the three is so. By its pairs it is found whichever way it is cut, so those are asked for once; \x02 is no gram of
-- anything. Nothing at all is asked for where the part is too short to hold a whole piece each time.
CREATE FUNCTION search_asked(part text, shift int) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
  WHEN cardinality(search_pairs(part)) > 0 THEN CASE shift WHEN 0 THEN search_pairs(part) ELSE ARRAY[E'\x02'] END
  WHEN length(part) < 5 THEN CASE shift WHEN 0 THEN '{}' ELSE ARRAY[E'\x02'] END
  ELSE ARRAY(SELECT substr(part, i, 3) FROM generate_series(shift + 1, length(part) - 2, 3) AS i) END;

INSERT INTO task_words (task, words) SELECT id, search_words(external_id, payload) FROM task WHERE NOT gold ORDER BY id;
CREATE INDEX task_words_grams ON task_words USING gin (search_grams(words));
ANALYZE task_words;

CREATE FUNCTION write_task_words() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO task_words (task, words) SELECT id, search_words(external_id, payload) FROM fresh WHERE NOT gold;
  RETURN NULL;
END $$;
CREATE TRIGGER task_has_words AFTER INSERT ON task REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION write_task_words();

CREATE FUNCTION rewrite_task_words() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE task_words SET words = search_words(NEW.external_id, NEW.payload) WHERE task = NEW.id;
  RETURN NULL;
END $$;
CREATE TRIGGER task_changes_words AFTER UPDATE OF external_id, payload ON task FOR EACH ROW EXECUTE FUNCTION rewrite_task_words();
"""

BACKWARDS = """
DROP TRIGGER task_changes_words ON task;
DROP FUNCTION rewrite_task_words();
DROP TRIGGER task_has_words ON task;
DROP FUNCTION write_task_words();
DROP INDEX task_words_grams;
DROP FUNCTION search_asked(text, int);
DROP FUNCTION search_grams(text);
DROP FUNCTION search_pairs(text);
DROP FUNCTION search_words(text, jsonb);
DELETE FROM task_words;
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
