DROP TABLE agent_refused;
