-- oldest-binary: 7

-- An agent that was started after the last heartbeat has not been heard yet: the first of its own must be looked at, however
-- soon it comes. Bucket 0 says so: to the triggers any heartbeat is one after a silence then.
CREATE FUNCTION machine_state_unheard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE machine_agent_heartbeat h SET heartbeat_bucket = 0 FROM machine_agent_started a
    WHERE h.machine_id = NEW.machine_id AND a.machine_id = NEW.machine_id AND a.agent_started_at > h.agent_heartbeat_at;
    RETURN NULL;
END
$$;
-- By name this one comes before the trigger that sets the state: the heartbeat's row is locked before the state's, as a
-- heartbeat does, and no other heartbeat comes between the two. (So it is written also where the bucket is 0 already.)
CREATE TRIGGER agent_unheard AFTER INSERT OR UPDATE ON machine_agent_started
    FOR EACH ROW EXECUTE FUNCTION machine_state_unheard();

-- These come after it. Of a start and a heartbeat at once, neither of which sees the other, the second to lock the state
-- sees the first by now.
CREATE TRIGGER machine_state_unheard AFTER INSERT ON machine_agent_heartbeat
    FOR EACH ROW EXECUTE FUNCTION machine_state_unheard();
CREATE TRIGGER machine_state_unheard_after_silence AFTER UPDATE ON machine_agent_heartbeat
    FOR EACH ROW WHEN (NEW.heartbeat_bucket > OLD.heartbeat_bucket + 1) EXECUTE FUNCTION machine_state_unheard();
-- The machine's first heartbeat may have come to be seen only now, and the second may have its row: looked at once more.
CREATE FUNCTION machine_state_started() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM machine_agent_heartbeat h WHERE h.machine_id = NEW.machine_id FOR NO KEY UPDATE;
    IF FOUND THEN
        PERFORM machine_state_refresh(NEW.machine_id);
        UPDATE machine_agent_heartbeat h SET heartbeat_bucket = 0
            WHERE h.machine_id = NEW.machine_id AND h.agent_heartbeat_at < NEW.agent_started_at AND h.heartbeat_bucket <> 0;
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER machine_state_unheard AFTER INSERT OR UPDATE ON machine_agent_started
    FOR EACH ROW EXECUTE FUNCTION machine_state_started();
