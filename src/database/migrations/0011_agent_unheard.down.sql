DROP TRIGGER machine_state_unheard_after_silence ON machine_agent_heartbeat;
DROP TRIGGER machine_state_unheard ON machine_agent_heartbeat;
DROP TRIGGER machine_state_unheard ON machine_agent_started;
DROP TRIGGER agent_unheard ON machine_agent_started;
DROP FUNCTION machine_state_started();
DROP FUNCTION machine_state_unheard();
