DROP TABLE machine_agent_log;
