DROP TRIGGER heartbeat_unheard_after_silence ON machine_agent_heartbeat;
DROP TRIGGER heartbeat_unheard ON machine_agent_heartbeat;
DROP FUNCTION heartbeat_unheard();
DROP TRIGGER agent_unheard ON machine_agent_started;
DROP FUNCTION agent_unheard();
