CREATE OR REPLACE TRIGGER agent_notify AFTER INSERT OR UPDATE ON machine_os_installation_report
    FOR EACH ROW WHEN (NEW.reported_by <> 'agent') EXECUTE FUNCTION agent_notify();
