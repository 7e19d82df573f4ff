DROP INDEX machine_state_missed;
