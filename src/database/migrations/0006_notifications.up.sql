-- oldest-binary: 1

-- Tells listening servers that something changed that a machine's waiting agent must hear of: a request, that it is called
-- off, another key, no machine any more. A notification is a hint, never the news itself: who misses it learns the same at
-- the next heartbeat.
CREATE FUNCTION agent_notify() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('farrier_agent', CASE WHEN TG_OP = 'DELETE' THEN OLD.machine_id ELSE NEW.machine_id END::text);
    RETURN NULL;
END
$$;
CREATE TRIGGER agent_notify AFTER INSERT OR UPDATE OR DELETE ON machine_os_installation_request
    FOR EACH ROW EXECUTE FUNCTION agent_notify();
-- What an agent reports itself it knows already.
CREATE TRIGGER agent_notify AFTER INSERT OR UPDATE ON machine_os_installation_report
    FOR EACH ROW WHEN (NEW.reported_by <> 'agent') EXECUTE FUNCTION agent_notify();
CREATE TRIGGER agent_notify AFTER UPDATE OR DELETE ON machine_agent_started
    FOR EACH ROW EXECUTE FUNCTION agent_notify();
