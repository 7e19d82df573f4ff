DROP TABLE machine_hardware_report_earlier;
DROP TABLE machine_hardware_report;
DROP TABLE machine_agent_heartbeat;
DROP TABLE machine_agent_started;
DROP TABLE machine_provided;
