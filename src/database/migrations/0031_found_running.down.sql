DROP TRIGGER machine_start_allow ON machine_os_installed;
DROP TRIGGER machine_start_allow ON machine_disk_begun;
CREATE TRIGGER machine_start_allow AFTER INSERT ON machine_agent_started
    FOR EACH ROW EXECUTE FUNCTION machine_start_allow();
DROP FUNCTION start_allowed(uuid);
ALTER TABLE provider DROP COLUMN autostart;
DROP TABLE machine_found_running;
