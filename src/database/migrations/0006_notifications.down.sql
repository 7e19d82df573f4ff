DROP TRIGGER agent_notify ON machine_agent_started;
DROP TRIGGER agent_notify ON machine_os_installation_report;
DROP TRIGGER agent_notify ON machine_os_installation_request;
DROP FUNCTION agent_notify();
