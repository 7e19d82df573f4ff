DROP TABLE controller_operation;
DROP FUNCTION controller_operation_notify();
DROP TRIGGER machine_start_allow ON machine_agent_started;
DROP FUNCTION machine_start_allow();
DROP TABLE machine_start_failure;
DROP TABLE machine_boot_by;
DROP TABLE machine_start_allowed;
DROP TABLE machine_power;
DROP TABLE machine_controller_contact;
DROP TABLE machine_controller;
DELETE FROM history_event
    WHERE event IN ('agent_start_allowed', 'controller_set', 'controller_removed', 'power_switched');
