"""What Piccolo cannot say for the registry, credentials and standing; the first roles, levels and kinds of tasks."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from kernel.migrations import execute_script

ID = "2026-11-22T11:43:00:000002"
DESCRIPTION = "Rules of the registry, credentials and standing"

FORWARDS = r"""
UPDATE credential SET state = CASE WHEN verified THEN 'verified' ELSE 'unverified' END;
ALTER TABLE credential ADD CONSTRAINT credential_verified_has_time CHECK (state <> 'verified' OR verified_at IS NOT NULL);
ALTER TABLE credential ADD CONSTRAINT credential_decision_has_reason CHECK (state NOT IN ('refused', 'revoked') OR state_reason IS NOT NULL);
ALTER TABLE credential ADD CONSTRAINT credential_sane_dates CHECK (expires_on IS NULL OR issued_on IS NULL OR expires_on >= issued_on);
-- What will run out, and when somebody was last told of it.
CREATE INDEX credential_by_expiry ON credential (expires_on) WHERE state = 'verified' AND expires_on IS NOT NULL;

-- The same role twice in one project, or twice everywhere, is one role.
CREATE UNIQUE INDEX annotator_role_once ON annotator_role (annotator, role, project_id) NULLS NOT DISTINCT;
CREATE INDEX annotator_role_of_role ON annotator_role (role);
CREATE INDEX annotator_language_of_language ON annotator_language (language, level);

INSERT INTO role (code, name_en, name_zh, description_en, description_zh, position) VALUES
  ('annotator', 'Annotator', '标注员', 'Opens dialogues, rates and edits replies.', '开启对话，评价并修改回复。', 1),
  ('reviewer', 'Reviewer', '审核员', 'Judges the work of others.', '评判他人的工作。', 2),
  ('model_evaluator', 'Model evaluator', '模型评测员', 'Compares and ranks what models say.', '比较模型的回答并排序。', 3),
  ('prompt_writer', 'Prompt writer', '提示词作者', 'Writes the prompts that others answer.', '撰写供他人回答的提示词。', 4),
  ('adjudicator', 'Adjudicator', '仲裁员', 'Decides what annotators and reviewers could not agree on.', '裁定标注员与审核员未能一致之处。', 5);
INSERT INTO role (code, name_en, name_zh, position) SELECT DISTINCT role, role, role, 99 FROM annotator_role ON CONFLICT (code) DO NOTHING;
ALTER TABLE annotator_role ADD CONSTRAINT annotator_role_exists FOREIGN KEY (role) REFERENCES role (code) ON UPDATE CASCADE ON DELETE RESTRICT;

INSERT INTO level (code, scale, level, name_en, name_zh, description_en, description_zh) VALUES
  ('skill-1', 'skill', 1, 'Beginner', '入门', 'Does simple work in the field with guidance.', '能在指导下完成该领域的简单工作。'),
  ('skill-2', 'skill', 2, 'Basic', '基础', 'Does everyday work; needs to look things up often.', '能完成日常工作，但经常需要查阅资料。'),
  ('skill-3', 'skill', 3, 'Solid', '熟练', 'Does most work of the field without help.', '能独立完成该领域的大部分工作。'),
  ('skill-4', 'skill', 4, 'Expert', '专家', 'Does difficult work, and sees the mistakes of others.', '能完成困难的工作，并能发现他人的错误。'),
  ('skill-5', 'skill', 5, 'Authority', '权威', 'Does what experts disagree on, and can say why.', '能处理专家意见不一之处，并说明理由。'),
  ('language-1', 'language', 1, 'Reads', '可阅读', 'Understands simple texts.', '能看懂简单文本。'),
  ('language-2', 'language', 2, 'Gets by', '可交流', 'Writes short messages; mistakes are frequent.', '能写简短内容，错误较多。'),
  ('language-3', 'language', 3, 'Works in it', '可工作', 'Writes clear texts; mistakes are rare and small.', '能写清楚的文本，错误少而小。'),
  ('language-4', 'language', 4, 'Fluent', '流利', 'Writes in any register, nearly as a native.', '各种语体运用自如，接近母语。'),
  ('language-5', 'language', 5, 'Native', '母语', 'Hears what sounds wrong, and knows why.', '能听出何处不地道，并知其缘由。');

INSERT INTO task_kind (code, name_en, name_zh, own_skill) VALUES
  ('dialogue', 'Dialogue', '对话', false),
  ('review', 'Review', '审核', true);

ALTER TABLE domain ADD CONSTRAINT domain_parent_exists FOREIGN KEY (parent_code) REFERENCES domain (code) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE domain ADD CONSTRAINT domain_root_stays CHECK (code <> 'general' OR (parent_code IS NULL AND NOT archived));
CREATE INDEX domain_of_parent ON domain (parent_code);
-- A domain that is its own ancestor would have no root, and no belief; sixteen generations is what a belief looks through.
CREATE FUNCTION domain_is_a_tree() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE above varchar := NEW.parent_code; steps int := 0;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('domain-tree', 0));
  WHILE above IS NOT NULL LOOP
    steps := steps + 1;
    IF above = NEW.code OR steps > 14 THEN
      RAISE EXCEPTION 'domain % cannot stand below %', NEW.code, NEW.parent_code USING ERRCODE = 'check_violation', CONSTRAINT = 'domain_is_a_tree';
    END IF;
    SELECT parent_code INTO above FROM domain WHERE code = above;
  END LOOP;
  RETURN NEW;
END $$;
CREATE TRIGGER domain_is_a_tree BEFORE INSERT OR UPDATE OF parent_code ON domain FOR EACH ROW EXECUTE FUNCTION domain_is_a_tree();

-- One rule speaks once about one person and domain at a time.
CREATE UNIQUE INDEX standing_one_active ON standing (annotator, rule, domain) NULLS NOT DISTINCT WHERE state = 'active' AND rule IS NOT NULL;
CREATE INDEX standing_of_annotator ON standing (annotator, started_at DESC);
CREATE INDEX standing_by_end ON standing (ends_at) WHERE state = 'active';
CREATE INDEX standing_open_appeals ON standing (appealed_at) WHERE appeal_state = 'open';
-- What was imposed, on whom and why stays as it was; it ends, and its appeal is decided, once.
CREATE FUNCTION standing_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' OR (NEW.annotator, NEW.rule, NEW.rule_version, NEW.domain, NEW.action, NEW.reason_en, NEW.reason_zh, NEW.measured, NEW.imposed_by, NEW.started_at)
     IS DISTINCT FROM (OLD.annotator, OLD.rule, OLD.rule_version, OLD.domain, OLD.action, OLD.reason_en, OLD.reason_zh, OLD.measured, OLD.imposed_by, OLD.started_at)
     OR (OLD.state <> 'active' AND (NEW.state, NEW.ended_at, NEW.end_reason) IS DISTINCT FROM (OLD.state, OLD.ended_at, OLD.end_reason))
     OR (OLD.appeal_text IS NOT NULL AND (NEW.appeal_text, NEW.appealed_at) IS DISTINCT FROM (OLD.appeal_text, OLD.appealed_at))
     OR (OLD.appeal_decided_at IS NOT NULL AND (NEW.appeal_state, NEW.appeal_answer, NEW.appeal_decided_at) IS DISTINCT FROM (OLD.appeal_state, OLD.appeal_answer, OLD.appeal_decided_at)) THEN
    RAISE EXCEPTION 'what was imposed stays as it was said' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER standing_stays BEFORE UPDATE OR DELETE ON standing FOR EACH ROW EXECUTE FUNCTION standing_stays();
"""

BACKWARDS = """
DROP TRIGGER standing_stays ON standing;
DROP FUNCTION standing_stays();
DROP INDEX standing_open_appeals, standing_by_end, standing_of_annotator, standing_one_active;
DROP TRIGGER domain_is_a_tree ON domain;
DROP FUNCTION domain_is_a_tree();
DROP INDEX domain_of_parent;
ALTER TABLE domain DROP CONSTRAINT domain_root_stays, DROP CONSTRAINT domain_parent_exists;
ALTER TABLE annotator_role DROP CONSTRAINT annotator_role_exists;
DROP INDEX annotator_language_of_language, annotator_role_of_role, annotator_role_once, credential_by_expiry;
ALTER TABLE credential DROP CONSTRAINT credential_sane_dates, DROP CONSTRAINT credential_decision_has_reason, DROP CONSTRAINT credential_verified_has_time;
UPDATE credential SET verified = (state = 'verified');
"""


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="skills", description=DESCRIPTION)
    manager.add_raw(forwards_sql)
    manager.add_raw_backwards(backwards_sql)
    return manager


async def forwards_sql() -> None:
    await execute_script(FORWARDS)


async def backwards_sql() -> None:
    await execute_script(BACKWARDS)
