-- oldest-binary: 10

-- An agent's own result is told too, once an installation: where two agents run on one machine, what the one ended the other must
-- not go on with, and a server trusts what it knows of a machine until it hears of a change.
CREATE OR REPLACE TRIGGER agent_notify AFTER INSERT OR UPDATE ON machine_os_installation_report
    FOR EACH ROW EXECUTE FUNCTION agent_notify();
