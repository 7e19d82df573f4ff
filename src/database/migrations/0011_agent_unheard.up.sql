-- oldest-binary: 7

-- An agent that was started after the last heartbeat has not been heard yet: the first of its own must be looked at, however
-- soon it comes. Bucket 0 says so: to the triggers any heartbeat is one after a silence then. Named to come before the
-- trigger that sets the state, so that the heartbeat's row is locked before the state's, as a heartbeat does.
CREATE FUNCTION agent_unheard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE machine_agent_heartbeat SET heartbeat_bucket = 0 WHERE machine_id = NEW.machine_id;
    RETURN NULL;
END
$$;
CREATE TRIGGER agent_unheard AFTER INSERT OR UPDATE ON machine_agent_started
    FOR EACH ROW EXECUTE FUNCTION agent_unheard();

-- And so does a heartbeat of the agent before, which was under way while this one was started.
CREATE FUNCTION heartbeat_unheard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE machine_agent_heartbeat h SET heartbeat_bucket = 0 FROM machine_agent_started a
    WHERE h.machine_id = NEW.machine_id AND a.machine_id = NEW.machine_id AND a.agent_started_at > h.agent_heartbeat_at;
    RETURN NULL;
END
$$;
CREATE TRIGGER heartbeat_unheard AFTER INSERT ON machine_agent_heartbeat
    FOR EACH ROW EXECUTE FUNCTION heartbeat_unheard();
CREATE TRIGGER heartbeat_unheard_after_silence AFTER UPDATE ON machine_agent_heartbeat
    FOR EACH ROW WHEN (NEW.heartbeat_bucket > OLD.heartbeat_bucket + 1) EXECUTE FUNCTION heartbeat_unheard();
