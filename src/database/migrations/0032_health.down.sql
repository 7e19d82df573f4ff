DROP TABLE machine_controller_refusal;
DROP TABLE machine_health;
DELETE FROM history_event WHERE event = 'health_changed';
