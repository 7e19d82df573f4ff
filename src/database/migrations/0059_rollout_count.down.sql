DROP TRIGGER rollout_count_end ON rollout;
DROP TRIGGER rollout_count_delete ON rollout_machine;
DROP TRIGGER rollout_count_update ON rollout_machine;
DROP TRIGGER rollout_count_insert ON rollout_machine;
DROP FUNCTION rollout_count_end();
DROP FUNCTION rollout_count_keep();
DROP TABLE rollout_count;
