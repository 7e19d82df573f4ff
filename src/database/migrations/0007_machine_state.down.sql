DO $$
DECLARE
    touched regclass;
BEGIN
    FOR touched IN SELECT DISTINCT tgrelid::regclass FROM pg_trigger WHERE tgname LIKE 'machine_state_touch%' LOOP
        EXECUTE format('DROP TRIGGER IF EXISTS machine_state_touch ON %s', touched);
        EXECUTE format('DROP TRIGGER IF EXISTS machine_state_touch_after_silence ON %s', touched);
        EXECUTE format('DROP TRIGGER IF EXISTS machine_state_touch_generation ON %s', touched);
    END LOOP;
END
$$;
DROP FUNCTION machine_state_touch();
DROP FUNCTION machine_state_refresh(uuid);
DROP FUNCTION machine_state_now(uuid);
DROP INDEX machine_agent_heartbeat_bucket;
ALTER TABLE machine_agent_heartbeat DROP COLUMN agent_wanted;
CREATE INDEX machine_agent_heartbeat_bucket ON machine_agent_heartbeat (heartbeat_bucket);
DROP TABLE machine_state;
DROP FUNCTION agent_silent(uuid);
DROP FUNCTION server_alive_for(interval);
DROP FUNCTION agent_wanted(uuid);
DROP TABLE agent_silence;
